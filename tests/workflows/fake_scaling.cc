// What the fakes do when they are scaled.
#include "tests/workflows/fake_group_cluster.h"

namespace ratchet::mysql::testing {

using engine::Handlers;
using engine::Host;

namespace {

template <class Request>
void fill_request(Request& request, const DatabaseRef& database) {
  *request.mutable_database() = database;
  request.set_request("scaling");
  request.set_step_timeout_us(1'200'000'000);
  request.set_generation(1);
}

}  // namespace

HorizontalScalingRequest FakeDatabase::horizontal_request(int members) const {
  HorizontalScalingRequest request;
  fill_request(request, this->request().database());
  request.set_members(members);
  return request;
}

VerticalScalingRequest FakeDatabase::vertical_request(const std::string& resources) const {
  VerticalScalingRequest request;
  fill_request(request, this->request().database());
  request.set_resources(resources);
  return request;
}

std::string FakeDatabase::scaled() const {
  std::string text;
  if (spec_replicas != 3) text += ", spec.replicas " + std::to_string(spec_replicas);
  if (set_resources != "former") text += ", set with " + set_resources;
  if (spec_resources != "former") text += ", spec with " + spec_resources;
  return text;
}

void FakeDatabase::serve_resources(Handlers& handlers, Host& host) {
  on<ChangeResources, Done>(
      handlers, host, change_resources,
      [this](const Info& info, const ChangeResources& in) {
        set_resources = in.resources();
        resources_mark_ = mark_of(info);
        wrote("change resources of set to " + set_resources);
        return Done{};
      },
      [this](const Info& info, const ChangeResources&) {
        return when<Done>(resources_mark_ == mark_of(info));
      });
  on<RestoreResources, Done>(
      handlers, host, restore_resources,
      [this](const Info&, const RestoreResources&) {
        set_resources = "former";
        wrote("restore resources of set");
        return Done{};
      },
      [this](const Info&, const RestoreResources&) {
        return when<Done>(set_resources == "former");
      });
  on<RecordResources, Done>(
      handlers, host, record_resources,
      [this](const Info&, const RecordResources& in) {
        spec_resources = in.resources();
        wrote("record resources " + spec_resources);
        return Done{};
      },
      [this](const Info&, const RecordResources& in) {
        return when<Done>(spec_resources == in.resources());
      });
}

void FakeGroupCluster::scale_to(int n) {
  replicas = static_cast<std::size_t>(n);
  while (members.size() < replicas) {
    members.emplace_back();
    make_pod(members.size() - 1);
  }
  for (std::size_t i = members.size(); i-- > replicas;) {
    for (std::size_t other = 0; other < replicas; ++other) {
      if (!serves(other)) risks.push_back("my-group-" + std::to_string(i));
    }
    remove(i);
  }
}

// Pods go from the end.
void FakeGroupCluster::let_go(std::size_t i) {
  if (i < replicas) {
    make_pod(i);
  } else {
    members.pop_back();
  }
}

void FakeGroupCluster::serve_replicas(Handlers& handlers, Host& host) {
  on<SetReplicas, Done>(
      handlers, host, set_replicas,
      [this](const Info& info, const SetReplicas& in) {
        scale_to(in.replicas());
        replicas_mark_ = mark_of(info);
        wrote("scale set to " + std::to_string(in.replicas()));
        return Done{};
      },
      [this](const Info& info, const SetReplicas&) {
        return when<Done>(replicas_mark_ == mark_of(info));
      });
  on<SetReplicas, Done>(
      handlers, host, restore_replicas,
      [this](const Info&, const SetReplicas& in) {
        scale_to(in.replicas());
        wrote("restore set to " + std::to_string(in.replicas()));
        return Done{};
      },
      [this](const Info&, const SetReplicas& in) {
        return when<Done>(static_cast<int>(replicas) == in.replicas());
      });
  on<RecordReplicas, Done>(
      handlers, host, record_replicas,
      [this](const Info& info, const RecordReplicas& in) {
        spec_replicas = in.replicas();
        spec_mark_ = mark_of(info);
        wrote("record replicas " + std::to_string(spec_replicas));
        return Done{};
      },
      [this](const Info& info, const RecordReplicas&) {
        return when<Done>(spec_mark_ == mark_of(info));
      });
  on<RecordReplicas, Done>(
      handlers, host, keep_replicas,
      [this](const Info&, const RecordReplicas& in) {
        spec_replicas = in.replicas();
        wrote("keep replicas " + std::to_string(spec_replicas));
        return Done{};
      },
      [this](const Info&, const RecordReplicas& in) {
        return when<Done>(spec_replicas == in.replicas());
      });
}

}  // namespace ratchet::mysql::testing
