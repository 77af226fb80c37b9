// The floor of the comparison: moves packets between the traffic device's two ports and looks at
// nothing. `floor -l 1 --no-pci --in-memory -d PLUGIN --vdev … --vdev …` runs until it is ended.
#include <rte_config.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <stdio.h>

enum { burst = 32 };

static int open_port(uint16_t port, struct rte_mempool *pool) {
    struct rte_eth_conf conf = {0};
    if (rte_eth_dev_configure(port, 1, 1, &conf) < 0 ||
        rte_eth_rx_queue_setup(port, 0, 512, 0, NULL, pool) < 0 ||
        rte_eth_tx_queue_setup(port, 0, 512, 0, NULL) < 0)
        return -1;
    return rte_eth_dev_start(port);
}

int main(int count, char **words) {
    if (rte_eal_init(count, words) < 0)
        return 1;
    struct rte_mempool *pool = rte_pktmbuf_pool_create("packets", 32767, 256, 0, 2176, 0);
    if (pool == NULL || open_port(0, pool) < 0 || open_port(1, pool) < 0) {
        fputs("The ports could not be opened.\n", stderr);
        return 1;
    }
    struct rte_mbuf *packets[burst];
    for (;;)
        for (uint16_t port = 0; port < 2; port++) {
            uint16_t got = rte_eth_rx_burst(port, 0, packets, burst);
            if (got != 0)
                rte_eth_tx_burst(port ^ 1, 0, packets, got);
        }
}
