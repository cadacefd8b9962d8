#include "infra/embedded_models/use_lite_encoder.hpp"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace codelab::infra::embedded_models {
namespace {

struct Golden {
  std::string text;
  std::vector<std::int32_t> ids;
  std::vector<float> vector;
};

std::vector<Golden> read_golden() {
  std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "golden.json", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const boost::json::value root = boost::json::parse(text);
  std::vector<Golden> all;
  for (const auto& entry : root.as_array()) {
    Golden golden{.text = std::string(entry.at("text").as_string()), .ids = {}, .vector = {}};
    for (const auto& id : entry.at("ids").as_array()) golden.ids.push_back(id.to_number<std::int32_t>());
    for (const auto& x : entry.at("vector").as_array()) golden.vector.push_back(x.to_number<float>());
    all.push_back(std::move(golden));
  }
  return all;
}

/// The folder that scripts/fetch_embedding_model.sh wrote.
std::filesystem::path model_directory() {
  const char* directory = std::getenv("CODELAB_TEST_MODEL_DIR");
  return directory == nullptr ? "CODELAB_TEST_MODEL_DIR-is-not-set" : directory;
}

std::vector<InstructionSet> supported_instruction_sets() {
  std::vector<InstructionSet> sets = {InstructionSet::portable};
  if (best_instruction_set() >= InstructionSet::avx2) sets.push_back(InstructionSet::avx2);
  if (best_instruction_set() >= InstructionSet::avx512) sets.push_back(InstructionSet::avx512);
  return sets;
}

float dot(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

class UseLiteEncoderTest : public ::testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    auto opened = UseLiteEncoder::open(model_directory(), GetParam());
    ASSERT_TRUE(opened.has_value()) << opened.error();
    encoder_ = *std::move(opened);
  }

  std::unique_ptr<UseLiteEncoder> encoder_;
};

TEST_P(UseLiteEncoderTest, CutsTextsAsThePackageDoes) {
  const auto all = read_golden();
  ASSERT_GE(all.size(), 25U);
  for (const Golden& golden : all) EXPECT_EQ(encoder_->tokenize(golden.text), golden.ids) << golden.text;
}

TEST_P(UseLiteEncoderTest, GivesThePackagesVectors) {
  for (const Golden& golden : read_golden()) {
    const auto vector = encoder_->encode(golden.text);
    ASSERT_EQ(vector.size(), UseLiteEncoder::kDimensions);
    ASSERT_EQ(golden.vector.size(), UseLiteEncoder::kDimensions);
    float greatest = 0;
    for (std::size_t i = 0; i < vector.size(); ++i) {
      greatest = std::max(greatest, std::abs(vector[i] - golden.vector[i]));
    }
    EXPECT_LT(greatest, 1e-4F) << golden.text;
    const float lengths = std::sqrt(dot(vector, vector) * dot(golden.vector, golden.vector));
    EXPECT_GT(dot(vector, golden.vector) / lengths, 0.9999F) << golden.text;
    EXPECT_NEAR(dot(vector, vector), 1.0F, 1e-4F) << golden.text;
  }
}

TEST_P(UseLiteEncoderTest, PutsAParaphraseNearerThanAnotherSubject) {
  const auto question = encoder_->encode("How old are you?");
  EXPECT_GT(dot(question, encoder_->encode("What is your age?")),
            dot(question, encoder_->encode("The bus leaves at noon.")) + 0.2F);
}

TEST_P(UseLiteEncoderTest, EncodesAnEmptyTextToUnitLength) {
  const auto vector = encoder_->encode("");
  EXPECT_TRUE(encoder_->tokenize("").empty());
  EXPECT_NEAR(dot(vector, vector), 1.0F, 1e-4F);
}

TEST_P(UseLiteEncoderTest, ReadsBytesThatAreNotUtf8AsUnknown) {
  EXPECT_EQ(encoder_->tokenize("caf\xE9 ok\xFF\xFE"), encoder_->tokenize("caf\uFFFD ok\uFFFD\uFFFD"));
}

TEST_P(UseLiteEncoderTest, AnswersTheSameOnSeveralThreads) {
  const auto expected = encoder_->encode("the same text on every thread");
  std::vector<std::vector<float>> answers(4);
  std::vector<std::thread> threads;
  threads.reserve(answers.size());
  for (auto& answer : answers) {
    threads.emplace_back([&] { answer = encoder_->encode("the same text on every thread"); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& answer : answers) EXPECT_EQ(answer, expected);
}

std::string kernel_name(const ::testing::TestParamInfo<InstructionSet>& info) {
  if (info.param == InstructionSet::avx512) return "Avx512";
  return info.param == InstructionSet::avx2 ? "Avx2" : "Portable";
}

INSTANTIATE_TEST_SUITE_P(EveryKernel, UseLiteEncoderTest, ::testing::ValuesIn(supported_instruction_sets()),
                         kernel_name);

class UseLiteEncoderFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "use-lite-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const char* name, std::string_view content) const { std::ofstream(folder_ / name) << content; }
  std::string error() const {
    const auto opened = UseLiteEncoder::open(folder_);
    return opened ? "opened" : opened.error();
  }

  std::filesystem::path folder_;
};

TEST_F(UseLiteEncoderFolderTest, NamesTheFileThatIsMissing) {
  EXPECT_NE(error().find("use-lite.bin: No such file"), std::string::npos) << error();
}

TEST_F(UseLiteEncoderFolderTest, RefusesWeightsOfAnotherSizeOrKind) {
  write("use-lite.bin", "");
  EXPECT_NE(error().find("cannot map"), std::string::npos) << error();
  write("use-lite.bin", "codelab use-lite, but short");
  EXPECT_NE(error().find("not a file of weights"), std::string::npos) << error();
  std::filesystem::resize_file(folder_ / "use-lite.bin",
                               std::filesystem::file_size(model_directory() / "use-lite.bin"));
  EXPECT_NE(error().find("not a file of weights"), std::string::npos) << error();
}

TEST_F(UseLiteEncoderFolderTest, RefusesAVocabularyThatIsNone) {
  std::filesystem::create_symlink(std::filesystem::absolute(model_directory() / "use-lite.bin"),
                                  folder_ / "use-lite.bin");
  EXPECT_NE(error().find("cannot read"), std::string::npos) << error();
  write("vocab.json", "[[");
  EXPECT_NE(error().find("not a JSON array"), std::string::npos) << error();
  write("vocab.json", R"([["a", -1], ["b"]])");
  EXPECT_NE(error().find("not [text, score]"), std::string::npos) << error();
}

}  // namespace
}  // namespace codelab::infra::embedded_models
