// Counts what a process asks of the heap. Linking this target replaces the C library's allocation
// functions by ones that count and pass on, for the Swift runtime and every shared library too. Used
// by Tests/HotPath alone; never part of a product.
#ifndef VEDETTE_CALLOCATIONCOUNTER_H
#define VEDETTE_CALLOCATIONCOUNTER_H

#include <stdint.h>

/// Calls of malloc and its kin since start, on all threads.
uint64_t vdt_allocation_count(void);
/// Calls of free with something to free.
uint64_t vdt_free_count(void);
/// From now on an allocation ends the process with a trap, so that a debugger or a core shows who.
void vdt_trap_on_allocation(int enabled);

#endif
