// The peer of the claim `collision`: Coal's distances, timed query by query.
//
//   coal <scene> <all|culled> <queries>
//
// The scene is text: the number of shapes, each as `moves kind measures …`; the number of pairs, each as two shapes; the number of states, each with a
// rotation (by rows) and a place for every shape. Prints the sum of the least distances over all states, then one line for each query: nanoseconds.
//
// A query places the shapes that move and finds the least distance of all pairs: `all` asks Coal for each pair, as Pinocchio's computeDistances does; `culled`
// leaves out pairs whose boxes are already farther apart than the best so far.

#include <coal/collision_object.h>
#include <coal/distance.h>
#include <coal/shape/convex.h>
#include <coal/shape/geometric_shapes.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

struct Scene {
  std::vector<coal::CollisionObject> objects;
  std::vector<std::size_t> moving;
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  std::vector<std::vector<coal::Transform3s>> states;
};

std::shared_ptr<coal::CollisionGeometry> shape(const std::string &kind, std::istream &in) {
  double a, b, c;
  if (kind == "sphere" && in >> a) {
    return std::make_shared<coal::Sphere>(a);
  }
  if (kind == "box" && in >> a >> b >> c) {
    return std::make_shared<coal::Box>(a, b, c);
  }
  if (kind == "capsule" && in >> a >> b) {
    return std::make_shared<coal::Capsule>(a, b);
  }
  if (kind == "cylinder" && in >> a >> b) {
    return std::make_shared<coal::Cylinder>(a, b);
  }
  std::size_t count;
  if (kind == "hull" && in >> count) {
    auto points = std::make_shared<std::vector<coal::Vec3s>>(count);
    for (auto &point : *points) {
      in >> point[0] >> point[1] >> point[2];
    }
    return std::shared_ptr<coal::CollisionGeometry>(coal::ConvexBase::convexHull(points, static_cast<unsigned int>(count), false, nullptr));
  }
  std::cerr << "no such shape: " << kind << '\n';
  std::exit(1);
}

Scene read(const char *path) {
  std::ifstream in(path);
  Scene scene;
  std::size_t count;
  in >> count;
  for (std::size_t i = 0; i < count; ++i) {
    bool moves;
    std::string kind;
    in >> moves >> kind;
    scene.objects.emplace_back(shape(kind, in));
    if (moves) {
      scene.moving.push_back(i);
    }
  }
  in >> count;
  scene.pairs.resize(count);
  for (auto &[a, b] : scene.pairs) {
    in >> a >> b;
  }
  in >> count;
  scene.states.resize(count);
  for (auto &state : scene.states) {
    for (std::size_t i = 0; i < scene.objects.size(); ++i) {
      coal::Matrix3s rotation;
      coal::Vec3s place;
      for (int row = 0; row < 3; ++row) {
        in >> rotation(row, 0) >> rotation(row, 1) >> rotation(row, 2);
      }
      in >> place[0] >> place[1] >> place[2];
      state.emplace_back(rotation, place);
    }
  }
  if (!in) {
    std::cerr << path << ": ends early\n";
    std::exit(1);
  }
  for (std::size_t i = 0; i < scene.objects.size(); ++i) {
    scene.objects[i].setTransform(scene.states.at(0)[i]);
    scene.objects[i].computeAABB();
  }
  return scene;
}

double least_distance(Scene &scene, const std::vector<coal::Transform3s> &state, bool culls) {
  for (std::size_t i : scene.moving) {
    scene.objects[i].setTransform(state[i]);
    scene.objects[i].computeAABB();
  }
  coal::DistanceRequest request;
  double least = std::numeric_limits<double>::infinity();
  for (const auto &[a, b] : scene.pairs) {
    if (culls && scene.objects[a].getAABB().distance(scene.objects[b].getAABB()) > least) {
      continue;
    }
    coal::DistanceResult result;
    least = std::min(least, coal::distance(&scene.objects[a], &scene.objects[b], request, result));
  }
  return least;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 4) {
    std::cerr << "usage: coal <scene> <all|culled> <queries>\n";
    return 2;
  }
  Scene scene = read(argv[1]);
  const bool culls = std::string(argv[2]) == "culled";
  const long queries = std::strtol(argv[3], nullptr, 10);
  double sum = 0.0;
  for (const auto &state : scene.states) {
    sum += least_distance(scene, state, culls);
  }
  std::printf("%.17g\n", sum);
  volatile double sink = 0.0;
  for (long query = 0; query < queries; ++query) {
    const auto &state = scene.states[static_cast<std::size_t>(query) % scene.states.size()];
    const auto start = std::chrono::steady_clock::now();
    sink = least_distance(scene, state, culls);
    const auto elapsed = std::chrono::steady_clock::now() - start;
    std::printf("%lld\n", static_cast<long long>(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count()));
  }
  (void)sink;
  return 0;
}
