// Makes the templates that frames are patched from. Called when a configuration comes into force.
#include "frames.h"

static uint32_t words_sum(const uint8_t *bytes, uint32_t count) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i + 1 < count; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    return sum;
}

void frames_prepare(struct frame_plan *plan, const struct traffic_config *config) {
    memset(plan, 0, sizeof *plan);
    plan->config = *config;
    plan->rules = config->rules != 0 ? config->rules : 1;
    plan->rules_inverse = plan->rules == 1 ? 0 : UINT64_MAX / plan->rules + 1;
    plan->ipv6 = config->ipv6 != 0;
    plan->tcp = config->kind == kind_tcp || config->kind == kind_short;
    plan->ip_bytes = plan->ipv6 ? 40 : 20;
    plan->head_bytes = 14 + plan->ip_bytes + (plan->tcp ? 20 : 8);
    plan->macs_mask = 0;
    while (plan->macs_mask + 1 < config->macs)
        plan->macs_mask = plan->macs_mask << 1 | 1;
    for (uint32_t side = 0; side < 2; side++) {
        uint8_t *frame = plan->template[side];
        static const uint8_t mac[6] = {0x02};
        memcpy(frame, mac, 6);
        memcpy(frame + 6, mac, 6);
        frame[3] = (uint8_t)((side ^ 1) << 4);
        frame[marker_position] = (uint8_t)(side << 4);
        put16(frame + 12, plan->ipv6 ? 0x86dd : 0x0800);
        uint8_t *ip = frame + 14;
        uint8_t protocol = plan->tcp ? 6 : 17;
        if (plan->ipv6) {
            // 2001:db8::a.b.c.d: the same numbers as the IPv4 addresses, in the last 32 bits.
            ip[0] = 0x60;
            ip[6] = protocol;
            ip[7] = 64;
            put32(ip + 8, 0x20010db8);
            put32(ip + 24, 0x20010db8);
            plan->ip_sum[side] = words_sum(ip + 8, 32) + protocol;
        } else {
            ip[0] = 0x45;
            put16(ip + 6, 0x4000);
            ip[8] = 64;
            ip[9] = protocol;
            plan->ip_sum[side] = words_sum(ip, 20);
        }
    }
}
