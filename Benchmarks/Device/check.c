// Checks what the device promises, each time it is built: checksums are right, flows have tuples of
// their own within the rule that they belong to. Ends with a status other than 0 if not.
#include <rte_config.h>

#include <stdio.h>
#include <stdlib.h>

#include "frames.h"

static uint16_t naive_sum(const uint8_t *bytes, uint32_t count, uint32_t sum) {
    for (uint32_t i = 0; i < count; i++)
        sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static struct traffic_config config_of(uint32_t kind, uint32_t ipv6, uint32_t rules) {
    return (struct traffic_config){
        .kind = kind, .ipv6 = ipv6, .rules = rules, .flows = 1000000, .net_base = 10u << 24,
        .block_bits = 10, .server_base = 0xac100000, .port_base = 1024, .port_shift = 4,
        .port_mask = 0x7ff0, .variant_mask = 3, .macs = 4,
        .variants = {{10, 1}, {8, 2}, {6, 4}, {4, 3}}};
}

static int check_sums(uint32_t kind, uint32_t ipv6, uint8_t flags) {
    static uint8_t frame[2048];
    struct frame_plan plan;
    struct traffic_config config = config_of(kind, ipv6, 10000);
    frames_prepare(&plan, &config);
    for (uint32_t i = 0; i < 100000; i++) {
        uint32_t side = i & 1, bytes = 90 + i % 1400, l4 = 14 + plan.ip_bytes;
        memset(frame, 0, 128);
        frame_write(
            &plan, frame, bytes, side, class_load, i & 3, tuple_of(&plan, i),
            (struct tcp_fields){scramble(i), scramble(i + 1), flags});
        uint32_t pseudo = bytes - l4 + (plan.tcp ? 6 : 17);
        pseudo += naive_sum(frame + l4 - (ipv6 ? 32 : 8), ipv6 ? 32 : 8, 0);
        if (naive_sum(frame + l4, bytes - l4, pseudo) != 0xffff)
            return fprintf(stderr, "kind %u, IPv6 %u, frame %u: L4 checksum\n", kind, ipv6, i);
        if (!ipv6 && naive_sum(frame + 14, 20, 0) != 0xffff)
            return fprintf(stderr, "frame %u: IP checksum\n", i);
    }
    return 0;
}

static int compare(const void *left, const void *right) { return memcmp(left, right, 12); }

static int check_tuples(uint32_t rules) {
    enum { count = 1000000 };
    static struct tuple tuples[count];
    struct frame_plan plan;
    struct traffic_config config = config_of(kind_udp, 0, rules);
    frames_prepare(&plan, &config);
    for (uint32_t i = 0; i < count; i++) {
        tuples[i] = tuple_of(&plan, i);
        uint32_t rule = i % rules;
        struct traffic_variant variant = config.variants[rule & 3];
        uint32_t port = 1024 + ((rule << 4) & 0x7ff0);
        if (tuples[i].client >> variant.host_bits !=
                (config.net_base + (rule << 10)) >> variant.host_bits ||
            (uint32_t)tuples[i].server_port >> variant.port_bits != port >> variant.port_bits)
            return fprintf(stderr, "%u rules, flow %u: not of its rule\n", rules, i);
    }
    qsort(tuples, count, sizeof tuples[0], compare);
    for (uint32_t i = 1; i < count; i++)
        if (compare(&tuples[i - 1], &tuples[i]) == 0)
            return fprintf(stderr, "%u rules: a tuple twice\n", rules);
    return 0;
}

int main(void) {
    for (uint32_t ipv6 = 0; ipv6 < 2; ipv6++)
        if (check_sums(kind_udp, ipv6, 0) || check_sums(kind_tcp, ipv6, tcp_ack | tcp_psh) ||
            check_sums(kind_tcp, ipv6, tcp_syn))
            return 1;
    return check_tuples(1) || check_tuples(100) || check_tuples(1000) || check_tuples(10000) ||
        check_tuples(50000);
}
