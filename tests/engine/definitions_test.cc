// What is proved: whether code decides as was recorded is asked field by field, over the fields
// that the recorded type had: a type that has got one more since is no divergence.
#include "engine/core/definitions.h"

#include <cstdint>
#include <stdexcept>
#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "engine/core/run.h"

namespace ratchet::engine::testing {
namespace {

namespace pb = google::protobuf;

// message Stay { string where = 1; }, and later { …; string until = 2; }.
const pb::Descriptor* stay(pb::DescriptorPool& pool, bool later) {
  pb::FileDescriptorProto file;
  file.set_name("stay.proto");
  file.set_package("test");
  file.set_syntax("proto3");
  auto& type = *file.add_message_type();
  type.set_name("Stay");
  int number = 0;
  for (const char* name : {"where", "until"}) {
    auto& field = *type.add_field();
    field.set_name(name);
    field.set_number(++number);
    field.set_type(pb::FieldDescriptorProto::TYPE_STRING);
    field.set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
    if (!later) break;
  }
  return pool.BuildFile(file)->FindMessageTypeByName("Stay");
}
const pb::Descriptor* stay_once() {
  static pb::DescriptorPool pool;
  static const pb::Descriptor* const type = stay(pool, false);
  return type;
}
const pb::Descriptor* stay_now() {
  static pb::DescriptorPool pool;
  static const pb::Descriptor* const type = stay(pool, true);
  return type;
}

const std::string rome = "\x0a\x04Rome";
const std::string bonn =
    "\x0a\x04"
    "Bonn";
const std::string until_may = "\x12\x03May";

TEST(Definitions, ANewFieldOfATypeIsNoDifference) {
  const ActivityInfo once{"book", Effect::read, {}, false, &stay_once, &stay_once};
  const ActivityInfo now{"book", Effect::read, {}, false, &stay_now, &stay_now};
  Definitions definitions;
  const std::uint32_t then = definitions.activity(once);
  const std::uint32_t later = definitions.activity(now);
  EXPECT_NE(then, later);
  const auto differ = [&](std::uint32_t type, const Bytes& recorded, const Bytes& attempted) {
    const ActivityDefinition& recorded_as = definitions.activity(type);
    return definitions.difference(recorded_as.files, recorded_as.input_type, recorded, attempted)
        .value_or("same");
  };
  EXPECT_EQ(differ(then, rome, rome), "same");
  EXPECT_EQ(differ(then, rome, rome + until_may), "same") << "nobody knew of it then";
  EXPECT_NE(differ(then, rome, bonn + until_may).find("where"), std::string::npos);
  EXPECT_NE(differ(later, rome + until_may, rome).find("until"), std::string::npos);
  EXPECT_EQ(differ(later, until_may + rome, rome + until_may), "same")
      << "as they are meant, not as they are written";
  EXPECT_EQ(differ(later, rome, "no message"), "one of the two inputs is not a test.Stay");
}

// What a run ends with is compared like what its steps are asked.
TEST(Definitions, ANewFieldOfAResultIsNoDivergence) {
  const auto code = [](Workflow, Bytes) -> Task<Bytes> { co_return rome + until_may; };
  const WorkflowType once{"stay", 1, &stay_once, &stay_once, code};
  const WorkflowType now{"stay", 1, &stay_now, &stay_now, code};
  Definitions definitions;
  const std::uint32_t recorded_as = definitions.workflow(once);
  const auto divergence = [&](const Bytes& result) {
    const RunStarted started{"r", "stay", 1, {}, "ann", recorded_as, {}};
    engine::Run run("r", now);
    return replay_turn(run, {0, 0, 1, Time{}, {started, RunCompleted{result}}, {}}, definitions);
  };
  EXPECT_FALSE(divergence(rome));
  const auto other = divergence(bonn);
  ASSERT_TRUE(other);
  EXPECT_NE(other->details.find("where"), std::string::npos) << other->text();
}

const pb::Descriptor* endless() {
  static pb::DescriptorPool pool;
  static const pb::Descriptor* const type = [] {
    pb::FileDescriptorProto file;
    file.set_name("endless.proto");
    file.set_syntax("proto3");
    auto& message = *file.add_message_type();
    message.set_name("Endless");
    for (int number = 1; number <= 5000; ++number) {
      auto& field = *message.add_field();
      field.set_name("field_" + std::to_string(number));
      field.set_number(number);
      field.set_type(pb::FieldDescriptorProto::TYPE_BOOL);
      field.set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
    }
    return pool.BuildFile(file)->FindMessageTypeByName("Endless");
  }();
  return type;
}

TEST(Definitions, WhatNoRecordHoldsIsNotDefined) {
  const ActivityInfo large{"large", Effect::read, {}, false, &endless, &endless};
  Definitions definitions;
  EXPECT_THROW(definitions.activity(large), std::length_error);
  EXPECT_THROW(definitions.principal(std::string(70'000, 'p')), std::length_error);
  EXPECT_THROW(definitions.signal(std::string(70'000, 's')), std::length_error);
  EXPECT_TRUE(definitions.take_fresh().empty());
}

}  // namespace
}  // namespace ratchet::engine::testing
