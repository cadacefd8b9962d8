#include <exception>
#include <string>

#include "load/modes.hpp"

/// load_driver calls|streams|model [--name value]...
int main(int argc, char** argv) {
  using namespace codelab::load;
  const std::string mode = argc > 1 ? argv[1] : "";
  try {
    const Options options(argc - 2, argv + 2);
    if (mode == "calls") {
      run_calls(options);
    } else if (mode == "streams") {
      run_streams(options);
    } else if (mode == "model") {
      run_model(options);
    } else {
      fail("the first argument is calls, streams or model");
    }
  } catch (const std::exception& failure) {
    fail(mode + ": " + failure.what());
  }
}
