#if __has_feature(thread_sanitizer)

/// The C++ library counts the references of an exception with atomics that the sanitizer does not see, for it is not
/// built with it: an exception that goes from a core to the test looks freed by one and read by the other.
extern "C" const char* __tsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier): its name

const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "race:std::__exception_ptr::exception_ptr::_M_release\n"
         "race:std::runtime_error::~runtime_error\n";
}

#endif
