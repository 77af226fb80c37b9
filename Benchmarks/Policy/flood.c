/* Sends UDP datagrams of many connections, one after the other, over a packet socket:
 *
 *   flood DEVICE SOURCE_MAC TARGET_MAC SOURCE_IP TARGET_IP FIRST_PORT PORTS SOURCES
 *
 * PORTS target ports from FIRST_PORT on, and SOURCES source ports from 1024 on for each. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, LENGTH = 60 };

static void mac(const char *text, uint8_t *to)
{
    unsigned b[6];
    if (sscanf(text, "%x:%x:%x:%x:%x:%x", b, b + 1, b + 2, b + 3, b + 4, b + 5) != 6) exit(2);
    for (int i = 0; i < 6; i++) to[i] = (uint8_t)b[i];
}

static uint16_t sum(const uint8_t *bytes, int count)
{
    uint32_t total = 0;
    for (int i = 0; i < count; i += 2) total += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
    return (uint16_t)~total;
}

int main(int argc, char **argv)
{
    if (argc != 9) return 2;
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll place = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
    place.sll_ifindex = (int)if_nametoindex(argv[1]);
    int size = 4 << 20;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    if (fd < 0 || bind(fd, (struct sockaddr *)&place, sizeof place) != 0) return 1;
    static uint8_t frames[BATCH][LENGTH];
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    uint8_t frame[LENGTH] = {0};
    mac(argv[3], frame);
    mac(argv[2], frame + 6);
    frame[12] = 8;
    uint8_t *ip = frame + 14;
    memcpy(ip, (uint8_t[]){0x45, 0, 0, LENGTH - 14, 0, 1, 0x40, 0, 64, 17}, 10);
    inet_pton(AF_INET, argv[4], ip + 12);
    inet_pton(AF_INET, argv[5], ip + 16);
    uint16_t check = htons(sum(ip, 20));
    memcpy(ip + 10, &check, 2);
    uint16_t length = htons(LENGTH - 34);
    memcpy(frame + 38, &length, 2);
    for (int i = 0; i < BATCH; i++) {
        memcpy(frames[i], frame, LENGTH);
        parts[i] = (struct iovec){frames[i], LENGTH};
        memset(&messages[i], 0, sizeof messages[i]);
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int first = atoi(argv[6]), ports = atoi(argv[7]), sources = atoi(argv[8]), filled = 0;
    long sent = 0;
    for (int port = 0; port < ports; port++)
        for (int source = 0; source < sources; source++) {
            uint16_t from = htons((uint16_t)(1024 + source)), to = htons((uint16_t)(first + port));
            memcpy(frames[filled] + 34, &from, 2);
            memcpy(frames[filled] + 36, &to, 2);
            if (++filled < BATCH && !(port == ports - 1 && source == sources - 1)) continue;
            for (int done = 0; done < filled;) {
                int count = sendmmsg(fd, messages + done, (unsigned)(filled - done), 0);
                if (count < 0) {
                    usleep(100);
                    continue;
                }
                done += count;
            }
            sent += filled;
            filled = 0;
            /* Not faster than a queue of the kernel's is emptied. */
            if (sent % 2048 == 0) usleep(5000);
        }
    printf("%ld\n", sent);
    return 0;
}
