#include "cas/memory_catalog.h"

#include "cas/catalog_contract.h"

namespace embrace::cas {
namespace {

struct InMemory : CatalogUnderTest {
  Catalog& catalog() override { return memory; }
  MemoryCatalog memory;
};
std::unique_ptr<CatalogUnderTest> make_in_memory(const std::string&) {
  return std::make_unique<InMemory>();
}
INSTANTIATE_TEST_SUITE_P(InMemory, CatalogContract, ::testing::Values(make_in_memory));

}  // namespace
}  // namespace embrace::cas
