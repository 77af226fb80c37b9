// The counting allocator: each function counts and calls the C library's own under its second name.

#include "CAllocationCounter.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

static uint64_t allocations, frees;
static int traps;

static void count(void) {
    __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
    if (__builtin_expect(__atomic_load_n(&traps, __ATOMIC_RELAXED), 0)) __builtin_trap();
}

uint64_t vdt_allocation_count(void) { return __atomic_load_n(&allocations, __ATOMIC_RELAXED); }
uint64_t vdt_free_count(void) { return __atomic_load_n(&frees, __ATOMIC_RELAXED); }
void vdt_trap_on_allocation(int enabled) { __atomic_store_n(&traps, enabled, __ATOMIC_RELAXED); }

void *malloc(size_t size) {
    count();
    return __libc_malloc(size);
}
void *calloc(size_t number, size_t size) {
    count();
    return __libc_calloc(number, size);
}
void *realloc(void *old, size_t size) {
    count();
    return __libc_realloc(old, size);
}
void *memalign(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}
int posix_memalign(void **result, size_t alignment, size_t size) {
    count();
    void *memory = __libc_memalign(alignment, size);
    if (memory == NULL) return ENOMEM;
    *result = memory;
    return 0;
}
void free(void *memory) {
    if (memory != NULL) __atomic_fetch_add(&frees, 1, __ATOMIC_RELAXED);
    __libc_free(memory);
}
