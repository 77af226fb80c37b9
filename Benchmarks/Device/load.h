// The load of one pair of ports: what comes next on each side. Called by traffic.c on poll threads.
#ifndef VEDETTE_LOAD_H
#define VEDETTE_LOAD_H

#include <rte_mbuf.h>
#include <rte_spinlock.h>

#include "frames.h"

enum { burst_max = 32, guest_slots = 1024, guest_slot_bytes = 2048, ring_max = 4096 };

// A full-period generator over the flows of one queue.
struct order {
    uint64_t state, mask;
    uint32_t shift;
};

// A connection of kind_short.
struct short_connection {
    uint64_t index;
    uint32_t step;
};

// Connections whose next packet comes from one side.
struct waiting {
    uint32_t *slots;
    uint32_t count;
};

// One queue of one side, on the poll thread that receives from it.
struct side_queue {
    uint32_t generation, epoch, pass;
    struct order order;
    uint64_t random;
    uint32_t flows;
    // A pass over all flows: `begun` were sent, `answered` acknowledged (the client's third segment).
    volatile uint32_t begun, answered;
    uint64_t pass_next;
    // Arrivals before the switch.
    uint64_t next_arrival[class_count], interval[class_count];
    uint64_t attacks;
    uint8_t *ring;
    uint32_t ring_first, ring_count;
    uint32_t mix;
    uint64_t next_tuple;
    struct waiting waiting;
    uint8_t *guest_receive;
    uint32_t guest_receive_slot;
} __attribute__((aligned(64)));

// One transmit queue of one side.
struct side_sink {
    uint8_t *guest;
    uint32_t guest_slot;
} __attribute__((aligned(64)));

// Sequence numbers of an established connection: what each side sends next.
struct tcp_state {
    uint32_t next[2];
};

// What the client's address and port were translated to, as the server saw them.
struct translation {
    uint32_t address;
    uint16_t port, known;
};

struct pair {
    char path[256];
    struct traffic_shared *shared;
    rte_spinlock_t lock; // of what follows, while a configuration comes into force
    uint32_t generation;
    struct frame_plan plan;
    struct tcp_state *connections;
    size_t connections_bytes;
    struct translation *translations;
    size_t translations_bytes;
    struct short_connection *shorts[traffic_queues_max];
    struct side_queue queues[2][traffic_queues_max];
    struct side_sink sinks[2][traffic_queues_max];
};

/// Prepares a pair whose file is mapped at `shared`; false when memory is short.
bool load_initialise(struct pair *pair, struct traffic_shared *shared);

uint16_t load_receive(
    struct pair *pair, uint32_t side, uint32_t queue, uint16_t port, struct rte_mempool *pool,
    struct rte_mbuf **packets, uint16_t count);

uint16_t load_transmit(
    struct pair *pair, uint32_t side, uint32_t queue, struct rte_mbuf **packets, uint16_t count);

#endif
