// The shims that are not inlined: the contended side of the spin lock, and system calls that answer
// the negated errno.
#define _GNU_SOURCE
#include "CIntrinsics.h"

#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>

#include <errno.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

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

int32_t vd_recvmmsg(int32_t fd, void *messages, uint32_t count) {
    int got = recvmmsg(fd, messages, count, MSG_DONTWAIT, NULL);
    return got < 0 ? -errno : got;
}

int32_t vd_sendmmsg(int32_t fd, void *messages, uint32_t count) {
    int sent = sendmmsg(fd, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
}

int64_t vd_readv(int32_t fd, const void *vectors, uint32_t count) {
    ssize_t got = readv(fd, vectors, (int)count);
    return got < 0 ? -errno : got;
}

int64_t vd_writev(int32_t fd, const void *vectors, uint32_t count) {
    ssize_t sent = writev(fd, vectors, (int)count);
    return sent < 0 ? -errno : sent;
}

int64_t vd_read(int32_t fd, void *to, uint64_t bytes) {
    ssize_t got = read(fd, to, bytes);
    return got < 0 ? -errno : got;
}

int64_t vd_write(int32_t fd, const void *from, uint64_t bytes) {
    ssize_t sent = write(fd, from, bytes);
    return sent < 0 ? -errno : sent;
}

int32_t vd_eventfd(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int vd_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int vd_epoll_add(int epoll, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int vd_epoll_wait(int epoll, int milliseconds) {
    struct epoll_event event;
    return epoll_wait(epoll, &event, 1, milliseconds);
}

int vd_pin_thread(int cpu) {
    cpu_set_t set;
    if (cpu < 0 || cpu >= CPU_SETSIZE) {
        return -1;
    }
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}
