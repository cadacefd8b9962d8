#include "config/origins.hpp"

#include <gtest/gtest.h>

namespace codelab::config {
namespace {

TEST(Origins, are_separated_by_commas_and_trimmed) {
  EXPECT_EQ(split_origins(" https://a.example ,,http://b.example:1\t"),
            (std::vector<std::string>{"https://a.example", "http://b.example:1"}));
  EXPECT_TRUE(split_origins("").empty());
  EXPECT_TRUE(split_origins(" , ").empty());
}

TEST(Origins, as_browsers_write_them_are_good) {
  for (const char* origin : {"*", "https://app.example.com", "http://localhost:5173", "http://127.0.0.1:8080",
                             "http://[::1]:3000", "https://[2001:db8::7]", "capacitor://localhost",
                             "chrome-extension://abcdefghijklmnop", "http://a.example:443", "http://a_b.example"}) {
    EXPECT_FALSE(fault_of_origin(origin)) << origin;
  }
}

TEST(Origins, of_another_form_are_told_apart) {
  for (const char* origin :
       {"app.example.com", "null", "https://", "https://a.example/", "https://a.example/path", "https://a.example?x",
        "https://a.example#x", "https://u@a.example", "https://a b", "://a.example", "1http://a.example",
        "https://a.example:", "https://a.example:0", "https://a.example:65536", "https://a.example:8o", "https://[::1",
        "https://[]", "https://*.example.com", "https://::1"}) {
    EXPECT_TRUE(fault_of_origin(origin)) << origin;
  }
}

TEST(Origins, that_a_browser_would_write_otherwise_say_how) {
  EXPECT_TRUE(fault_of_origin("https://App.example.com")->contains("lower case"));
  EXPECT_TRUE(fault_of_origin("https://a.example:443")->contains("443"));
  EXPECT_TRUE(fault_of_origin("http://a.example:80")->contains("80"));
  EXPECT_TRUE(fault_of_origin("https://a.example/")->contains("slash"));
}

}  // namespace
}  // namespace codelab::config
