/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * No program: the maps alone, with their BTF types. User space makes and pins them from this object; every program is
 * loaded against the pinned ones.
 */
#include "lib/maps.h"

char _license[] SEC("license") = "Dual BSD/GPL";
