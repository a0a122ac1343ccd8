// Which image a name stands for: a tag may stand for another one on each node, and for another one
// tomorrow. Pure.
#pragma once

#include <string>
#include <vector>

#include "workflows/mysql/plan.pb.h"
#include "workflows/mysql/ports.pb.h"

namespace ratchet::mysql {

// Of `imageID` in a container's status: "docker.io/library/mysql@sha256:...", or "sha256:..." of an
// image that no registry gave the node. Unknown if there is no digest in it.
ImageId image_id_of(const std::string& reported);

bool is_known(const ImageId& id);

// Whether both are known and cannot be the same image. The digest of a configuration says nothing
// about one of a manifest: these are never different.
bool are_different(const ImageId& a, const ImageId& b);

// Whether the name has a digest in it, so that it stands for one image everywhere and for ever.
bool names_digest(const std::string& image);

// What a node has as an image, and the member that is there.
struct NodeImage {
  std::string pod;
  std::string node;
  ImageId id;
};

// That nodes have different images by the name of `image` (blocking), or that nobody can tell (a
// warning).
std::vector<Finding> judge_images(const std::string& image, const std::vector<NodeImage>& seen);

// What all of them have, as they do not differ; rather a manifest's than a configuration's.
ImageId common_id(const std::vector<NodeImage>& seen);

}  // namespace ratchet::mysql
