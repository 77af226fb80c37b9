// From what comes next to a received packet. Used by load.c and passes.c, on poll threads.
#ifndef VEDETTE_EMISSION_H
#define VEDETTE_EMISSION_H

#include "load.h"

enum { imix_count = 12 };
static const uint16_t imix[imix_count] = {
    64, 570, 64, 64, 570, 64, 1500, 64, 570, 64, 570, 64};

struct emission {
    struct pair *pair;
    struct side_queue *queue;
    struct traffic_counters *counters;
    uint32_t side, number;
    uint16_t port;
};

static inline uint32_t next_size(struct emission *to) {
    uint32_t size = to->pair->plan.config.size;
    if (size == 0)
        size = imix[to->queue->mix++ % imix_count];
    return size;
}

// Makes `packet` a received one.
static inline void emit(
    struct emission *to, struct rte_mbuf *packet, uint32_t bytes, uint64_t index, uint32_t class,
    struct tuple tuple, struct tcp_fields tcp) {
    const struct frame_plan *plan = &to->pair->plan;
    uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *);
    packet->data_len = (uint16_t)bytes;
    packet->pkt_len = bytes;
    packet->port = to->port;
    packet->ol_flags = RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_RX_IP_CKSUM_GOOD |
        RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    packet->hash.rss = scramble(index << 2 | class << 1 | to->side);
    if (plan->config.copy) {
        struct side_queue *queue = to->queue;
        uint32_t slot = queue->guest_receive_slot++ % guest_slots;
        rte_memcpy(frame, queue->guest_receive + slot * guest_slot_bytes, bytes);
    }
    uint32_t mac = plan->macs_mask == 0 ? 0 : (uint32_t)index & plan->macs_mask;
    frame_write(plan, frame, bytes, to->side, class, mac, tuple, tcp);
    to->counters->received_bytes += bytes;
}

// The 5-tuple of a flow as the side sees it.
static inline struct tuple seen_tuple(const struct emission *to, uint64_t index) {
    struct tuple tuple = tuple_of(&to->pair->plan, index);
    if (to->side == 1 && to->pair->translations != NULL) {
        struct translation translation = to->pair->translations[index];
        if (translation.known) {
            tuple.client = translation.address;
            tuple.client_port = translation.port;
        }
    }
    return tuple;
}

// A packet of an established connection or a UDP flow.
static inline void emit_flow(struct emission *to, struct rte_mbuf *packet, uint64_t index) {
    const struct frame_plan *plan = &to->pair->plan;
    struct tcp_fields tcp = {0};
    uint32_t bytes = next_size(to);
    if (plan->tcp) {
        bytes = bytes < plan->head_bytes ? plan->head_bytes : bytes;
        uint32_t *next = to->pair->connections[index].next;
        tcp = (struct tcp_fields){next[to->side], next[to->side ^ 1], tcp_ack | tcp_psh};
        next[to->side] += bytes - plan->head_bytes;
    }
    emit(to, packet, bytes, index, class_load, seen_tuple(to, index), tcp);
}

// A segment without payload of a connection that begins.
static inline void emit_control(
    struct emission *to, struct rte_mbuf *packet, uint64_t index, uint32_t sequence,
    uint32_t acknowledgement, uint8_t flags) {
    const struct frame_plan *plan = &to->pair->plan;
    uint32_t bytes = plan->head_bytes + (flags & tcp_syn ? 8 : 0);
    bytes = bytes < frame_bytes_min ? frame_bytes_min : bytes;
    emit(
        to, packet, bytes, index, class_load, seen_tuple(to, index),
        (struct tcp_fields){sequence, acknowledgement, flags});
}

/// The next packets of a pass over all flows.
uint16_t load_pass(
    struct emission *to, struct rte_mempool *pool, struct rte_mbuf **packets, uint16_t count,
    uint32_t run, uint64_t now);

/// Learns from a packet sent in run_begin what the client looks like to the server.
void learn_translation(struct pair *pair, struct rte_mbuf *packet);

#endif
