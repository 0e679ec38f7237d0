#include "json/writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "base/check.h"

namespace embrace::json {
namespace {

TEST(Writer, PlacesItsCommas) {
  Writer w;
  w.begin_object().field("id", "acme/bert").field("likes", 3).key("tags").begin_array();
  w.value("a").value("b").end_array().key("empty").begin_array().end_array();
  w.key("deep")
      .begin_array()
      .begin_object()
      .end_object()
      .begin_object()
      .field("x", true)
      .end_object();
  w.end_array().key("last").null().end_object();
  EXPECT_EQ(
      w.take(),
      R"({"id":"acme/bert","likes":3,"tags":["a","b"],"empty":[],"deep":[{},{"x":true}],"last":null})");
}

TEST(Writer, CanBeUsedAgainAfterTake) {
  Writer w;
  w.value(1);
  EXPECT_EQ(w.size(), 1u);
  EXPECT_EQ(w.take(), "1");
  w.value(2);
  EXPECT_EQ(w.take(), "2");
}

TEST(Writer, EscapesKeysAndValues) {
  Writer w;
  w.begin_object().field("a\"b", std::string("line\nend\x01")).end_object();
  EXPECT_EQ(w.take(), R"({"a\"b":"line\nend\u0001"})");
}

TEST(Writer, BytesThatAreNotUtf8BecomeReplacements) {
  Writer w;
  w.value("a\xFFz");
  EXPECT_EQ(w.take(), "\"a\xEF\xBF\xBDz\"");
}

TEST(Writer, NumbersAreExact) {
  Writer w;
  w.begin_array();
  w.value(std::numeric_limits<std::int64_t>::min())
      .value(std::numeric_limits<std::uint64_t>::max());
  w.value(std::uint8_t(200)).value(0.1).value(3.0).value(-0.0).value(1e300);
  w.value(std::numeric_limits<double>::quiet_NaN()).value(std::numeric_limits<double>::infinity());
  w.value(std::numeric_limits<double>::lowest()).value(std::numeric_limits<double>::denorm_min());
  w.end_array();
  EXPECT_EQ(w.take(),
            "[-9223372036854775808,18446744073709551615,200,0.1,3,-0,1e+300,null,null,"
            "-1.7976931348623157e+308,5e-324]");
}

TEST(Writer, RawJsonIsAValue) {
  Writer w;
  w.begin_array().raw("{\"a\":1}").raw("2").end_array();
  EXPECT_EQ(w.take(), "[{\"a\":1},2]");
}

TEST(Writer, AnObjectLeftOpenIsABug) {
  Writer w;
  w.begin_object();
  EXPECT_THROW((void)w.take(), BrokenInvariant);
}

}  // namespace
}  // namespace embrace::json
