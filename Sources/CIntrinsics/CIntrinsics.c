// The one shim that is too long to inline: the contended side of the spin lock.
#include "CIntrinsics.h"

#include <sched.h>

void vd_spin_lock_contended(void *lock) {
    uint32_t *word = lock;
    for (;;) {
        for (int spin = 0; spin < 1024; spin++) {
            if (__atomic_load_n(word, __ATOMIC_RELAXED) == 0 &&
                __atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE) == 0)
                return;
            _mm_pause();
        }
        sched_yield();
    }
}
