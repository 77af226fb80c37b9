// Passes: each flow once in each direction, TCP with its handshake, and what the server's side learns
// of translated addresses meanwhile. Called by load.c on poll threads.
#include "emission.h"

#include <rte_cycles.h>

enum { number_tag = 0x4e554d42, pass_lag = 256 };

// Behind the frame's end, where the switch does not look: which flow it is.
static void number_frame(struct rte_mbuf *packet, uint32_t flow) {
    uint32_t words[2] = {number_tag, flow};
    memcpy(rte_pktmbuf_mtod_offset(packet, uint8_t *, packet->data_len), words, sizeof words);
}

void learn_translation(struct pair *pair, struct rte_mbuf *packet) {
    uint8_t *frame = rte_pktmbuf_mtod(packet, uint8_t *);
    uint32_t words[2];
    memcpy(words, frame + packet->data_len, sizeof words);
    // Payload bytes are zeros again for the next frame in this buffer.
    memset(frame + packet->data_len, 0, sizeof words);
    if (words[0] != number_tag || words[1] >= pair->plan.config.flows)
        return;
    uint32_t l4 = 14 + pair->plan.ip_bytes;
    uint32_t address;
    uint16_t from;
    memcpy(&address, frame + l4 - (pair->plan.ipv6 ? 20 : 8), 4);
    memcpy(&from, frame + l4, 2);
    pair->translations[words[1]] =
        (struct translation){rte_be_to_cpu_32(address), rte_be_to_cpu_16(from), 1};
}

// The next flow of a pass: what the side may send now, at most one packet.
static bool emit_pass(struct emission *to, struct rte_mbuf *packet, uint32_t run, uint64_t now) {
    struct side_queue *queue = to->queue;
    struct side_queue *other = &to->pair->queues[to->side ^ 1][to->number];
    const struct frame_plan *plan = &to->pair->plan;
    bool shakes = run == run_begin && plan->config.kind == kind_tcp;
    uint32_t theirs = other->pass == queue->pass ? other->begun : 0;
    uint32_t ready = theirs == queue->flows ? theirs : theirs < pass_lag ? 0 : theirs - pass_lag;
    uint64_t flow = (uint64_t)queue->begun * plan->config.queues + to->number;
    if (to->side == 1) {
        if (queue->begun >= ready)
            return false;
        queue->begun++;
        if (!shakes) {
            emit_flow(to, packet, flow);
            return true;
        }
        uint32_t *next = to->pair->connections[flow].next;
        emit_control(to, packet, flow, next[1]++, next[0], tcp_syn | tcp_ack);
        return true;
    }
    if (shakes && queue->answered < ready) {
        uint64_t answer = (uint64_t)queue->answered++ * plan->config.queues + to->number;
        uint32_t *next = to->pair->connections[answer].next;
        emit_control(to, packet, answer, next[0], next[1], tcp_ack);
        return true;
    }
    if (queue->begun == queue->flows || now < queue->pass_next)
        return false;
    uint64_t interval = rte_get_tsc_hz() * plan->config.queues /
        (plan->config.pass_rate != 0 ? plan->config.pass_rate : 1000000);
    // No burst after a pause: what was not sent for a millisecond is not caught up with.
    if (now - queue->pass_next > rte_get_tsc_hz() / 1000)
        queue->pass_next = now;
    queue->pass_next += interval;
    queue->begun++;
    if (!shakes) {
        emit_flow(to, packet, flow);
    } else {
        uint32_t *next = to->pair->connections[flow].next;
        emit_control(to, packet, flow, next[0]++, 0, tcp_syn);
    }
    if (run == run_begin && to->pair->translations != NULL)
        number_frame(packet, (uint32_t)flow);
    return true;
}

uint16_t load_pass(
    struct emission *to, struct rte_mempool *pool, struct rte_mbuf **packets, uint16_t count,
    uint32_t run, uint64_t now) {
    struct side_queue *queue = to->queue;
    uint32_t pass = to->pair->shared->config.pass;
    if (queue->pass != pass) {
        queue->begun = queue->answered = 0;
        queue->pass = pass;
        queue->pass_next = now;
    }
    uint16_t done = 0;
    while (done < count) {
        if (rte_pktmbuf_alloc_bulk(pool, packets + done, 1) != 0) {
            to->counters->no_buffer++;
            break;
        }
        if (!emit_pass(to, packets[done], run, now)) {
            rte_pktmbuf_free(packets[done]);
            break;
        }
        done++;
    }
    to->counters->offered[class_load] += done;
    to->counters->received[class_load] += done;
    bool shakes = run == run_begin && to->pair->plan.config.kind == kind_tcp;
    if (done == 0 && queue->begun == queue->flows &&
        (!shakes || to->side == 1 || queue->answered == queue->flows))
        to->counters->passed = pass;
    return done;
}
