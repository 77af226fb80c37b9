// A virtual machine of the comparison: moves packets between the traffic device's two ports, which
// build and count them here, and two virtio-user ports, which are the switch's. What the switch does
// not take yet waits; nothing is lost on the way in. `guest -l 0 --no-pci --in-memory -d PLUGIN
// --vdev net_traffic0,… --vdev net_virtio_user0,…` (and 1) runs until it is ended.
#include <rte_config.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <stdio.h>

enum { burst = 32, descriptors = 1024 };

// One side: what waits for room in the switch's ring.
struct side {
    uint16_t traffic, machine;
    uint16_t first, count;
    struct rte_mbuf *waiting[burst];
};

static int open_port(const char *name, struct rte_mempool *pool, uint16_t *port) {
    struct rte_eth_conf conf = {0};
    if (rte_eth_dev_get_port_by_name(name, port) < 0 ||
        rte_eth_dev_configure(*port, 1, 1, &conf) < 0 ||
        rte_eth_rx_queue_setup(*port, 0, descriptors, 0, NULL, pool) < 0 ||
        rte_eth_tx_queue_setup(*port, 0, descriptors, 0, NULL) < 0 || rte_eth_dev_start(*port) < 0)
        return fprintf(stderr, "%s could not be opened.\n", name);
    return 0;
}

static void turn(struct side *side) {
    struct rte_mbuf *packets[burst];
    uint16_t got = rte_eth_rx_burst(side->machine, 0, packets, burst);
    if (got != 0)
        rte_eth_tx_burst(side->traffic, 0, packets, got);
    if (side->count == 0) {
        side->first = 0;
        side->count = rte_eth_rx_burst(side->traffic, 0, side->waiting, burst);
    }
    if (side->count != 0) {
        uint16_t sent = rte_eth_tx_burst(
            side->machine, 0, side->waiting + side->first, side->count);
        side->first += sent;
        side->count -= sent;
    }
}

int main(int count, char **words) {
    if (rte_eal_init(count, words) < 0)
        return 1;
    struct rte_mempool *pool = rte_pktmbuf_pool_create("packets", 16383, 256, 0, 2176, 0);
    struct side sides[2] = {0};
    if (pool == NULL)
        return 1;
    for (int i = 0; i < 2; i++) {
        char traffic[] = "net_traffic0", machine[] = "net_virtio_user0";
        traffic[sizeof traffic - 2] += i;
        machine[sizeof machine - 2] += i;
        if (open_port(traffic, pool, &sides[i].traffic) != 0 ||
            open_port(machine, pool, &sides[i].machine) != 0)
            return 1;
    }
    for (;;)
        for (int i = 0; i < 2; i++)
            turn(&sides[i]);
}
