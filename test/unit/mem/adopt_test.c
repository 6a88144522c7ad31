/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */
#include "fixture.h"
int main(void) { return 0; }
