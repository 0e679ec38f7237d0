#include "crypto/blake3_lanes.h"

namespace embrace::crypto::blake3_lanes {

void hash_nodes(const Words& key, std::span<const Node> nodes) { hash_nodes_portably(key, nodes); }

}  // namespace embrace::crypto::blake3_lanes
