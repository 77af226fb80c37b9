// From a flow's number to the bytes of its frames, by arithmetic alone: no memory per flow. Used by
// traffic.c, on poll threads.
#ifndef VEDETTE_FRAMES_H
#define VEDETTE_FRAMES_H

#include <rte_byteorder.h>
#include <rte_memcpy.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "traffic.h"

enum { tcp_fin = 1, tcp_syn = 2, tcp_psh = 8, tcp_ack = 16 };
enum { frame_bytes_min = 60, window_scale = 7, marker_position = 9 };

struct tuple {
    uint32_t client, server;
    uint16_t client_port, server_port;
};

struct tcp_fields {
    uint32_t sequence, acknowledgement;
    uint8_t flags;
};

// What of the configuration frames depend on, and what follows from it.
struct frame_plan {
    uint8_t template[2][128]; // by side that sends
    uint32_t ip_sum[2];       // of the template, as 16-bit words in the machine's order
    uint64_t rules_inverse;
    uint32_t rules, ip_bytes, head_bytes; // head_bytes: Ethernet, IP and TCP or UDP
    uint32_t macs_mask;
    bool ipv6, tcp;
    struct traffic_config config;
};

static inline uint32_t scramble(uint64_t value) {
    value *= 0x9e3779b97f4a7c15u;
    value ^= value >> 29;
    return (uint32_t)((value * 0xbf58476d1ce4e5b9u) >> 32);
}

// The 5-tuple of flow `index`. Different indices give different tuples as long as
// index / rules < 2^(host_bits + port_bits + 15 + 16), and host_bits + port_bits > 0.
static inline struct tuple tuple_of(const struct frame_plan *plan, uint64_t index) {
    const struct traffic_config *config = &plan->config;
    uint64_t turn = index;
    if (plan->rules > 1)
        turn = (uint64_t)(((unsigned __int128)index * plan->rules_inverse) >> 64);
    uint32_t rule = (uint32_t)(index - turn * plan->rules);
    struct traffic_variant variant = config->variants[rule & config->variant_mask];
    uint32_t host = (uint32_t)turn & ((1u << variant.host_bits) - 1);
    turn >>= variant.host_bits;
    uint32_t port = (uint32_t)turn & ((1u << variant.port_bits) - 1);
    turn >>= variant.port_bits;
    return (struct tuple){
        .client = config->net_base + (rule << config->block_bits) + host,
        .server = config->server_base + ((uint32_t)(turn >> 15) & 0xffff),
        .client_port = (uint16_t)(1024 + (((uint32_t)turn + (uint32_t)index * 40503u) & 0x7fff)),
        .server_port = (uint16_t)(
            config->port_base + ((rule << config->port_shift) & config->port_mask) + port)};
}

// A header that walks all pairs of prefix lengths which three rules can force: one on the source,
// one on the source port, one on the destination port. Each misses all three at a chosen bit.
static inline struct tuple attack_tuple(
    const struct frame_plan *plan, uint64_t number, uint64_t random) {
    const struct traffic_config *config = &plan->config;
    uint32_t turn = (uint32_t)number * 2731u & 8191u;
    uint32_t source = 31 - (turn & 31), to = 15 - (turn >> 5 & 15), from = 15 - (turn >> 9);
    uint32_t noise = (uint32_t)random;
    uint32_t ports = (uint32_t)(random >> 32);
    return (struct tuple){
        .client = config->attack_source ^ (1u << source) ^ (noise & ((1u << source) - 1)),
        .server = config->server_base,
        .client_port = (uint16_t)(
            config->attack_source_port ^ (1u << from) ^ (ports & ((1u << from) - 1))),
        .server_port =
            (uint16_t)(config->attack_port ^ (1u << to) ^ (ports >> 16 & ((1u << to) - 1)))};
}

static inline void put16(uint8_t *at, uint16_t value) {
    value = rte_cpu_to_be_16(value);
    memcpy(at, &value, 2);
}

static inline void put32(uint8_t *at, uint32_t value) {
    value = rte_cpu_to_be_32(value);
    memcpy(at, &value, 4);
}

static inline uint16_t folded(uint64_t sum) {
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

void frames_prepare(struct frame_plan *plan, const struct traffic_config *config);

// Writes the headers of a frame of `bytes` bytes from `side` (0: client). The payload counts as
// zeros in the checksums.
static inline void frame_write(
    const struct frame_plan *plan, uint8_t *frame, uint32_t bytes, uint32_t side,
    uint32_t class, uint32_t mac, struct tuple tuple, struct tcp_fields tcp) {
    uint32_t from = side == 0 ? tuple.client : tuple.server;
    uint32_t to = side == 0 ? tuple.server : tuple.client;
    uint16_t from_port = side == 0 ? tuple.client_port : tuple.server_port;
    uint16_t to_port = side == 0 ? tuple.server_port : tuple.client_port;
    uint32_t ip = 14, l4 = 14 + plan->ip_bytes, l4_bytes = bytes - l4; // bytes: at least 60
    rte_mov64(frame, plan->template[side]);
    if (plan->ipv6)
        rte_mov64(frame + 64, plan->template[side] + 64);
    frame[marker_position] = (uint8_t)(side << 4 | class);
    put16(frame + 4, (uint16_t)mac);
    put16(frame + 10, (uint16_t)mac);
    uint64_t sum = (uint64_t)(from >> 16) + (from & 0xffff) + (to >> 16) + (to & 0xffff);
    if (plan->ipv6) {
        put16(frame + ip + 4, (uint16_t)l4_bytes);
        put32(frame + ip + 20, from);
        put32(frame + ip + 36, to);
        sum += plan->ip_sum[side] + l4_bytes;
    } else {
        put16(frame + ip + 2, (uint16_t)(bytes - ip));
        put16(frame + ip + 10, folded(plan->ip_sum[side] + sum + (bytes - ip)));
        put32(frame + ip + 12, from);
        put32(frame + ip + 16, to);
        sum += (plan->tcp ? 6 : 17) + l4_bytes;
    }
    put16(frame + l4, from_port);
    put16(frame + l4 + 2, to_port);
    sum += (uint64_t)from_port + to_port;
    if (!plan->tcp) {
        put16(frame + l4 + 4, (uint16_t)l4_bytes);
        uint16_t check = folded(sum + l4_bytes);
        put16(frame + l4 + 6, check == 0 ? 0xffff : check);
        return;
    }
    put32(frame + l4 + 4, tcp.sequence);
    put32(frame + l4 + 8, tcp.acknowledgement);
    bool has_options = (tcp.flags & tcp_syn) != 0;
    uint16_t first = (uint16_t)((has_options ? 7 : 5) << 12 | tcp.flags);
    put16(frame + l4 + 12, first);
    put16(frame + l4 + 14, 0xffff);
    sum += (uint64_t)(tcp.sequence >> 16) + (tcp.sequence & 0xffff) + first + 0xffff;
    sum += (uint64_t)(tcp.acknowledgement >> 16) + (tcp.acknowledgement & 0xffff);
    if (has_options) {
        // Maximum segment size 1460, window scale, a no-operation.
        put32(frame + l4 + 20, 0x020405b4);
        put32(frame + l4 + 24, 0x01030300 | window_scale);
        sum += 0x0204 + 0x05b4 + 0x0103 + (0x0300 | window_scale);
    }
    put16(frame + l4 + 16, folded(sum));
}

#endif
