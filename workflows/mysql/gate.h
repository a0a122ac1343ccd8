// The look before the leap: what is seen, planned, approved and waited for before an upgrade
// touches anything. Its port, and the part of the workflow that uses it.
#pragma once

#include <string>

#include "engine/core/workflow.h"
#include "workflows/mysql/inputs.h"
#include "workflows/mysql/plan.pb.h"
#include "workflows/mysql/ports.h"

namespace ratchet::mysql {

// Reads cluster and servers; one look asks each server some fifty questions.
inline constexpr Activity<LookAtDatabase, Sight> look_at_database{
    "look_at_database", Effect::read, Policy{bounded}.each(std::chrono::minutes{10})};
// The plan as a recorded event. Fails for good if the window's rule cannot be read.
inline constexpr Activity<MakePlan, Plan> make_plan{"make_plan", Effect::read, bounded};
// A pod on a member's node that has the target's image and nothing to do. Fails for good if the
// cluster does not let us make it, or the MySQL is gone.
inline constexpr Activity<StartImageCheck, ImageCheck> start_image_check{
    "start_image_check", Effect::conditional, bounded};
// Whether the node could pull the image. That it could not, or not in time, is an answer.
inline constexpr Activity<AwaitImageCheck, ImageSeen> await_image_check{"await_image_check",
                                                                        Effect::read, waiting};
inline constexpr Activity<ImageCheck, Done> remove_image_check{"remove_image_check",
                                                               Effect::conditional, bounded};
// The window that is open at a time, or the next, with enough of it left.
inline constexpr Activity<FindWindow, FoundWindow> find_window{"find_window", Effect::read,
                                                               bounded};
// Shows the plan to a person.
inline constexpr engine::Gate<Plan> approve_upgrade{"approve_upgrade"};

// How long an approval is waited for.
inline constexpr std::chrono::hours patience{24 * 30};
// The code of the failure of a run whose plan was denied.
inline constexpr const char* denied_code = "denied";

// Returns when the upgrade may begin, with what was found out about the way. Throws StepFailure:
// blocking findings, a denial, no decision. Nothing is changed in either case. After each wait
// everything is looked at again: another plan than the approved one needs another approval.
engine::Task<Upgrade> look_before(engine::Workflow wf, Upgrade upgrade);

// Waits for a window by this rule (ratchet.dev/window) with so much of it left. False: one was open
// already. Throws StepFailure if the rule cannot be read.
engine::Task<bool> await_window(engine::Workflow wf, std::string rule, engine::Duration needed);

}  // namespace ratchet::mysql
