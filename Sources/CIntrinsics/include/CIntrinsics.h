// Thin shims over compiler intrinsics that Swift cannot express: prefetch, byte-compare masks, AES
// rounds, the time-stamp counter and atomics on raw memory. Header only; every function is one
// instruction or close to it. Used by Bounded and PacketBuffer, and through them by the engine
// room.
#ifndef VEDETTE_CINTRINSICS_H
#define VEDETTE_CINTRINSICS_H

#include <immintrin.h>
#include <stdint.h>
#include <stdbool.h>

/// Every shim promises Swift that it allocates nothing, so that the poll turn's check passes over
/// it.
#define VD_NO_ALLOCATION __attribute__((swift_attr("@_noAllocation")))
#define VD_INLINE static inline __attribute__((always_inline)) VD_NO_ALLOCATION

/// Asks for the cache line of `p` to be brought close, for reading.
VD_INLINE void vd_prefetch(const void *p) { __builtin_prefetch(p, 0, 3); }
/// Asks for the cache line of `p` to be brought close, for writing.
VD_INLINE void vd_prefetch_write(const void *p) { __builtin_prefetch(p, 1, 3); }

/// Bit i is set where the i-th of eight 16-bit tags at `tags` (16-byte aligned) equals `tag`.
VD_INLINE uint32_t vd_match_tags8(const void *tags, uint16_t tag) {
    __m128i v = _mm_load_si128((const __m128i *)tags);
    __m128i m = _mm_cmpeq_epi16(v, _mm_set1_epi16((short)tag));
    return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(m, _mm_setzero_si128())) & 0xffu;
}

/// The time-stamp counter.
VD_INLINE uint64_t vd_rdtsc(void) { return __rdtsc(); }
/// A spin-wait hint.
VD_INLINE void vd_pause(void) { _mm_pause(); }

/// AES-based keyed hash of `words` 64-bit words under a 32-byte key (16-byte aligned not needed).
/// Three AES rounds close each 16-byte lane; the key is secret per process.
VD_INLINE uint64_t vd_hash_words(const void *data, uint32_t words, const void *key) {
    const uint8_t *p = (const uint8_t *)data;
    __m128i k0 = _mm_loadu_si128((const __m128i *)key);
    __m128i k1 = _mm_loadu_si128((const __m128i *)((const uint8_t *)key + 16));
    __m128i a = _mm_xor_si128(k0, _mm_set_epi64x(0, (long long)words));
    while (words >= 2) {
        a = _mm_aesenc_si128(_mm_xor_si128(a, _mm_loadu_si128((const __m128i *)p)), k1);
        a = _mm_aesenc_si128(a, k0);
        p += 16;
        words -= 2;
    }
    if (words) {
        a = _mm_aesenc_si128(_mm_xor_si128(a, _mm_loadl_epi64((const __m128i *)p)), k1);
        a = _mm_aesenc_si128(a, k0);
    }
    a = _mm_aesenc_si128(a, k1);
    a = _mm_aesenc_si128(a, k0);
    return (uint64_t)_mm_cvtsi128_si64(a) ^ (uint64_t)_mm_extract_epi64(a, 1);
}

// Atomics on raw memory shared between rooms or threads.
VD_INLINE uint32_t vd_load_acquire32(const void *p) {
    return __atomic_load_n((const uint32_t *)p, __ATOMIC_ACQUIRE);
}
VD_INLINE uint64_t vd_load_acquire64(const void *p) {
    return __atomic_load_n((const uint64_t *)p, __ATOMIC_ACQUIRE);
}
VD_INLINE uint32_t vd_load_relaxed32(const void *p) {
    return __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED);
}
VD_INLINE uint64_t vd_load_relaxed64(const void *p) {
    return __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED);
}
VD_INLINE void vd_store_release16(void *p, uint16_t v) {
    __atomic_store_n((uint16_t *)p, v, __ATOMIC_RELEASE);
}
VD_INLINE void vd_store_release32(void *p, uint32_t v) {
    __atomic_store_n((uint32_t *)p, v, __ATOMIC_RELEASE);
}
VD_INLINE void vd_store_release64(void *p, uint64_t v) {
    __atomic_store_n((uint64_t *)p, v, __ATOMIC_RELEASE);
}
VD_INLINE void vd_store_relaxed64(void *p, uint64_t v) {
    __atomic_store_n((uint64_t *)p, v, __ATOMIC_RELAXED);
}
VD_INLINE uint64_t vd_fetch_add64(void *p, uint64_t v) {
    return __atomic_fetch_add((uint64_t *)p, v, __ATOMIC_RELAXED);
}
VD_INLINE uint32_t vd_fetch_add32(void *p, uint32_t v) {
    return __atomic_fetch_add((uint32_t *)p, v, __ATOMIC_RELAXED);
}
VD_INLINE uint32_t vd_exchange32(void *p, uint32_t v) {
    return __atomic_exchange_n((uint32_t *)p, v, __ATOMIC_ACQUIRE);
}
VD_INLINE bool vd_cas32(void *p, uint32_t expected, uint32_t desired) {
    return __atomic_compare_exchange_n((uint32_t *)p, &expected, desired,
        false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
VD_INLINE bool vd_cas64(void *p, uint64_t expected, uint64_t desired) {
    return __atomic_compare_exchange_n((uint64_t *)p, &expected, desired,
        false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
/// No load behind it is done before one ahead of it.
VD_INLINE void vd_load_fence(void) { __atomic_thread_fence(__ATOMIC_ACQUIRE); }
VD_INLINE void vd_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/// Takes the spin lock at `lock` (zero when free). Yields the CPU when the holder seems preempted.
VD_NO_ALLOCATION void vd_spin_lock_contended(void *lock);
VD_INLINE void vd_spin_lock(void *lock) {
    if (__builtin_expect(__atomic_exchange_n((uint32_t *)lock, 1, __ATOMIC_ACQUIRE) != 0, 0))
        vd_spin_lock_contended(lock);
}
VD_INLINE void vd_spin_unlock(void *lock) {
    __atomic_store_n((uint32_t *)lock, 0, __ATOMIC_RELEASE);
}

/// Moves `count` packet headers between a foreign pool (a DPDK mempool) and `headers`. Allocation
/// is all or nothing and answers 0 on success.
typedef int32_t (*vd_pool_allocate_fn)(void *context, void **headers, uint32_t count);
typedef void (*vd_pool_free_fn)(void **headers, uint32_t count);
VD_INLINE int32_t vd_call_pool_allocate(
    vd_pool_allocate_fn function, void *context, void *headers, uint32_t count) {
    return function(context, (void **)headers, count);
}
VD_INLINE void vd_call_pool_free(vd_pool_free_fn function, void *headers, uint32_t count) {
    function((void **)headers, count);
}

/// `memcpy`, `memmove` and zero fill, known to allocate nothing.
VD_INLINE void vd_copy(void *to, const void *from, uint64_t bytes) {
    __builtin_memcpy(to, from, bytes);
}
VD_INLINE void vd_move(void *to, const void *from, uint64_t bytes) {
    __builtin_memmove(to, from, bytes);
}
VD_INLINE void vd_zero(void *p, uint64_t bytes) { __builtin_memset(p, 0, bytes); }

// System calls on the packet's way, known to allocate nothing. Each answers a count, or the negated
// errno. `messages` are `struct mmsghdr`, `vectors` are `struct iovec`; none of them ever waits.
VD_NO_ALLOCATION int32_t vd_recvmmsg(int32_t fd, void *messages, uint32_t count);
VD_NO_ALLOCATION int32_t vd_sendmmsg(int32_t fd, void *messages, uint32_t count);
VD_NO_ALLOCATION int64_t vd_readv(int32_t fd, const void *vectors, uint32_t count);
VD_NO_ALLOCATION int64_t vd_writev(int32_t fd, const void *vectors, uint32_t count);
VD_NO_ALLOCATION int64_t vd_read(int32_t fd, void *to, uint64_t bytes);
VD_NO_ALLOCATION int64_t vd_write(int32_t fd, const void *from, uint64_t bytes);
/// A new non-blocking eventfd, or the negated errno.
int32_t vd_eventfd(void);

/// An epoll descriptor, or -1.
int vd_epoll_create(void);
/// Has `epoll` report when `fd` is readable.
int vd_epoll_add(int epoll, int fd);
/// The same, reported once each time something is written to `fd`.
int vd_epoll_add_edge(int epoll, int fd);
/// Waits until something is readable or `microseconds` have passed; how many are readable.
int vd_epoll_wait(int epoll, uint64_t microseconds);
/// Waits while the word at `word` is `expected`, at most `microseconds`; may return early.
void vd_wait32(const void *word, uint32_t expected, uint64_t microseconds);
/// Wakes all threads of this process that wait on `word`.
void vd_wake32(const void *word);
/// Pins the calling thread to `cpu`, or lets it roam again if negative; 0 or an error number.
int vd_pin_thread(int cpu);
/// Names the calling thread, in at most 15 bytes.
void vd_name_thread(const char *name);
/// Whether this process may run on `cpu`.
bool vd_cpu_is_usable(int cpu);

#endif
