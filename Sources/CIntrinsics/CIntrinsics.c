// The shims that are not inlined: the contended side of the spin lock, and system calls that answer
// the negated errno.
#define _GNU_SOURCE
#include "CIntrinsics.h"

#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
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

int vd_epoll_add_edge(int epoll, int fd) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static struct timespec span(uint64_t microseconds) {
    struct timespec time = {
        .tv_sec = (time_t)(microseconds / 1000000),
        .tv_nsec = (long)(microseconds % 1000000) * 1000};
    return time;
}

int vd_epoll_wait(int epoll, uint64_t microseconds) {
    struct epoll_event event;
    struct timespec time = span(microseconds);
    return epoll_pwait2(epoll, &event, 1, &time, NULL);
}

void vd_wait32(const void *word, uint32_t expected, uint64_t microseconds) {
    struct timespec time = span(microseconds);
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, &time, NULL, 0);
}

void vd_wake32(const void *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1 << 30, NULL, NULL, 0);
}

int vd_pin_thread(int cpu) {
    cpu_set_t set;
    if (cpu >= CPU_SETSIZE)
        return EINVAL;
    if (cpu < 0) {
        // What the process was started with: nobody pins its first thread for good.
        if (sched_getaffinity(getpid(), sizeof set, &set) != 0)
            return errno;
    } else {
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
    }
    return pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

void vd_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

bool vd_cpu_is_usable(int cpu) {
    // By trying: the affinity that was inherited binds nobody, the machine and its cpusets do.
    cpu_set_t before, one;
    if (cpu < 0 || cpu >= CPU_SETSIZE ||
        pthread_getaffinity_np(pthread_self(), sizeof before, &before) != 0)
        return false;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    bool may = pthread_setaffinity_np(pthread_self(), sizeof one, &one) == 0;
    pthread_setaffinity_np(pthread_self(), sizeof before, &before);
    return may;
}
