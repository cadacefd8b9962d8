#include "http/trusted_proxies.hpp"

#include <gtest/gtest.h>

namespace codelab::http {
namespace {

TrustedProxies trusting(std::string_view list) { return TrustedProxies::parse(list).value(); }

TEST(TrustedProxies, nobody_is_believed_without_being_named) {
  EXPECT_EQ(trusting("").client_of("10.0.0.1", "192.0.2.7"), "10.0.0.1");
  EXPECT_EQ(trusting("10.0.0.2").client_of("10.0.0.1", "192.0.2.7"), "10.0.0.1");
}

TEST(TrustedProxies, a_trusted_front_says_who_asks) {
  EXPECT_EQ(trusting("10.0.0.1").client_of("10.0.0.1", "192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(trusting("10.0.0.0/8, ::1").client_of("::1", "2001:db8::7"), "2001:db8::7");
  EXPECT_EQ(trusting("10.0.0.1").client_of("10.0.0.1", ""), "10.0.0.1");
}

TEST(TrustedProxies, what_a_client_wrote_itself_is_not_believed) {
  EXPECT_EQ(trusting("10.0.0.0/8").client_of("10.0.0.1", "203.0.113.9, 192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(trusting("10.0.0.0/8").client_of("10.0.0.1", "203.0.113.9, 192.0.2.7, 10.0.0.2"), "192.0.2.7");
  EXPECT_EQ(trusting("10.0.0.0/8").client_of("10.0.0.1", "192.0.2.7, nonsense"), "10.0.0.1");
}

TEST(TrustedProxies, a_network_ends_where_its_prefix_does) {
  const auto proxies = trusting("10.1.0.0/15");
  EXPECT_EQ(proxies.client_of("10.1.255.255", "192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(proxies.client_of("10.2.0.0", "192.0.2.7"), "10.2.0.0");
  EXPECT_EQ(trusting("0.0.0.0/0").client_of("9.9.9.9", "192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(trusting("0.0.0.0/0").client_of("::1", "192.0.2.7"), "::1");
}

TEST(TrustedProxies, an_address_of_four_bytes_in_sixteen_is_the_same_one) {
  EXPECT_EQ(trusting("10.0.0.1").client_of("::ffff:10.0.0.1", "192.0.2.7"), "192.0.2.7");
}

TEST(TrustedProxies, what_is_no_address_is_named) {
  for (const char* list : {"front", "10.0.0.0/33", "10.0.0.1,", "::1/129", "10.0.0.0/x"}) {
    EXPECT_FALSE(TrustedProxies::parse(list)) << list;
  }
  EXPECT_TRUE(TrustedProxies::parse("10.0.0.1,front").error().detail.contains("\"front\""));
}

}  // namespace
}  // namespace codelab::http
