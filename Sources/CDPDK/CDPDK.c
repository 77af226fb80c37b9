// The environment: version, EAL, log, threads. Called by the control thread, but for the thread
// registration, which each poll thread does for itself.
#define _GNU_SOURCE
#include <rte_config.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_version.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "CDPDK.h"

const char *vd_dpdk_version(void) { return rte_version(); }

int32_t vd_eal_init(int32_t argc, char **argv) {
    cpu_set_t affinity;
    int had = pthread_getaffinity_np(pthread_self(), sizeof affinity, &affinity);
    int parsed = rte_eal_init(argc, argv);
    int error = parsed < 0 ? (rte_errno > 0 ? rte_errno : EINVAL) : 0;
    if (had == 0)
        pthread_setaffinity_np(pthread_self(), sizeof affinity, &affinity);
    return -error;
}

static void (*log_sink)(uint32_t level, const char *line, uint64_t bytes);

static ssize_t log_write(void *cookie, const char *line, size_t bytes) {
    (void)cookie;
    int level = rte_log_cur_msg_loglevel();
    log_sink(level < 0 ? RTE_LOG_INFO : (uint32_t)level, line, bytes);
    return (ssize_t)bytes;
}

int32_t vd_log_redirect(void (*sink)(uint32_t level, const char *line, uint64_t bytes)) {
    cookie_io_functions_t functions = {.write = log_write};
    log_sink = sink;
    FILE *stream = fopencookie(NULL, "w", functions);
    if (stream == NULL)
        return -ENOMEM;
    setvbuf(stream, NULL, _IOLBF, 1024);
    return rte_openlog_stream(stream) == 0 ? 0 : -EINVAL;
}

int32_t vd_current_cpu(void) {
    int cpu = sched_getcpu();
    return cpu < 0 ? 0 : cpu;
}

int32_t vd_thread_register(void) { return rte_thread_register() == 0 ? 0 : -rte_errno; }

void vd_thread_unregister(void) { rte_thread_unregister(); }
