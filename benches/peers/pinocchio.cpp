// The peer of the claim `robot`: Pinocchio's algorithms through its C++ headers, timed in batches.
//
//   pinocchio <file.urdf> <link> <algorithm> <batches> <calls in a batch>
//
// prints the sum of the results over all states, then one line for each batch: nanoseconds. The states are those of
// `benches/src/robot.rs`, made by the same generator, so that equal sums mean equal work.

#include <pinocchio/algorithm/aba.hpp>
#include <pinocchio/algorithm/crba.hpp>
#include <pinocchio/algorithm/frames.hpp>
#include <pinocchio/algorithm/jacobian.hpp>
#include <pinocchio/algorithm/rnea.hpp>
#include <pinocchio/multibody.hpp>
#include <pinocchio/parsers/urdf.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace {

using Eigen::VectorXd;

constexpr int STATES = 64;

// splitmix64, the top 53 bits as a number from 0 to 1.
class Draw {
public:
  double operator()(double bound) {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (static_cast<double>(z >> 11) * 0x1p-53 * 2.0 - 1.0) * bound;
  }

  VectorXd vector(int size, double bound) {
    VectorXd values(size);
    for (int i = 0; i < size; ++i) {
      values[i] = (*this)(bound);
    }
    return values;
  }

private:
  std::uint64_t state_ = 1;
};

struct State {
  VectorXd q, qd, qdd, effort;
};

struct Algorithm {
  std::function<void(const State &)> call;
  // What the last call computed.
  std::function<double()> sum;
};

} // namespace

int main(int argc, char **argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: pinocchio <file.urdf> <link> <algorithm> <batches> <calls in a batch>\n");
    return 2;
  }
  pinocchio::Model model;
  pinocchio::urdf::buildModel(argv[1], model);
  model.gravity.linear() << 0.0, 0.0, -9.80665;
  pinocchio::Data data(model);
  const pinocchio::FrameIndex frame = model.getFrameId(argv[2]);
  const int batches = std::atoi(argv[4]);
  const int calls = std::atoi(argv[5]);

  Draw draw;
  std::vector<State> states(STATES);
  for (State &state : states) {
    state.q = draw.vector(model.nq, 3.0);
    state.qd = draw.vector(model.nv, 2.0);
    state.qdd = draw.vector(model.nv, 5.0);
    state.effort = draw.vector(model.nv, 40.0);
  }

  using pinocchio::Convention;
  Eigen::Matrix<double, 6, Eigen::Dynamic> jacobian(6, model.nv);
  jacobian.setZero();
  const auto mass_sum = [&] { return data.M.triangularView<Eigen::Upper>().toDenseMatrix().sum(); };
  const auto kinematics_sum = [&] { return jacobian.sum() + data.oMf[frame].translation().sum(); };
  const std::map<std::string, Algorithm> algorithms = {
      {"rnea",
       {[&](const State &s) { pinocchio::rnea(model, data, s.q, s.qd, s.qdd); }, [&] { return data.tau.sum(); }}},
      {"crba_local",
       {[&](const State &s) { pinocchio::crba(model, data, s.q, Convention::LOCAL); }, mass_sum}},
      {"crba_world",
       {[&](const State &s) { pinocchio::crba(model, data, s.q, Convention::WORLD); }, mass_sum}},
      {"aba_local",
       {[&](const State &s) { pinocchio::aba(model, data, s.q, s.qd, s.effort, Convention::LOCAL); },
        [&] { return data.ddq.sum(); }}},
      {"aba_world",
       {[&](const State &s) { pinocchio::aba(model, data, s.q, s.qd, s.effort, Convention::WORLD); },
        [&] { return data.ddq.sum(); }}},
      {"jacobian_all",
       {[&](const State &s) {
          pinocchio::computeJointJacobians(model, data, s.q);
          pinocchio::updateFramePlacement(model, data, frame);
          pinocchio::getFrameJacobian(model, data, frame, pinocchio::LOCAL_WORLD_ALIGNED, jacobian);
        },
        kinematics_sum}},
      {"jacobian_frame",
       {[&](const State &s) {
          pinocchio::computeFrameJacobian(model, data, s.q, frame, pinocchio::LOCAL_WORLD_ALIGNED, jacobian);
        },
        kinematics_sum}},
  };
  const auto found = algorithms.find(argv[3]);
  if (found == algorithms.end()) {
    std::fprintf(stderr, "no algorithm %s\n", argv[3]);
    return 2;
  }
  const Algorithm &algorithm = found->second;

  double sum = 0.0;
  for (const State &state : states) {
    algorithm.call(state);
    sum += algorithm.sum();
  }
  std::printf("%.17g\n", sum);
  for (int batch = 0; batch < batches; ++batch) {
    const auto start = std::chrono::steady_clock::now();
    for (int call = 0; call < calls; ++call) {
      algorithm.call(states[call % STATES]);
    }
    const auto end = std::chrono::steady_clock::now();
    std::printf("%lld\n", static_cast<long long>(std::chrono::nanoseconds(end - start).count()));
  }
  return 0;
}
