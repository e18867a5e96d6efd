// Ruckig's motions of seven joints between the states of a file, one after the other, each timed.
//
// Usage: retarget FILE TURNS. The file has for each question 7 times: position, velocity, acceleration, target, and the limits
// of velocity, acceleration and jerk. Prints the sum of all durations of the first pass, then a time in ns for each turn.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

#include <ruckig/ruckig.hpp>

int main(int, char** arguments) {
    std::ifstream file(arguments[1]);
    const long turns = std::atol(arguments[2]);
    std::vector<ruckig::InputParameter<7>> questions;
    double p, v, a, target, max_v, max_a, max_j;
    for (int joint = 0; file >> p >> v >> a >> target >> max_v >> max_a >> max_j; joint = (joint + 1) % 7) {
        if (joint == 0) {
            questions.emplace_back();
        }
        auto& question = questions.back();
        question.current_position[joint] = p;
        question.current_velocity[joint] = v;
        question.current_acceleration[joint] = a;
        question.target_position[joint] = target;
        question.max_velocity[joint] = max_v;
        question.max_acceleration[joint] = max_a;
        question.max_jerk[joint] = max_j;
        question.synchronization = ruckig::Synchronization::Phase;
    }
    ruckig::Ruckig<7> planner(0.001);
    ruckig::Trajectory<7> trajectory;
    std::vector<long long> times;
    double sum = 0.0;
    for (long turn = 0; turn < turns; ++turn) {
        const auto& question = questions[turn % questions.size()];
        const auto start = std::chrono::steady_clock::now();
        const auto result = planner.calculate(question, trajectory);
        const auto end = std::chrono::steady_clock::now();
        if (result != ruckig::Result::Working && result != ruckig::Result::Finished) {
            std::fprintf(stderr, "question %ld: result %d\n", turn, static_cast<int>(result));
            return 1;
        }
        times.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(end - start).count());
        if (turn < static_cast<long>(questions.size())) {
            sum += trajectory.get_duration();
        }
    }
    std::printf("%.17g\n", sum);
    for (const auto time : times) {
        std::printf("%lld\n", time);
    }
}
