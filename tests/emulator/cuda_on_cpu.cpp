#include "cuda_on_cpu.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#ifdef __SSE__
#include <xmmintrin.h>
#endif

// ---------------------------------------------------------------- ThreadSanitizer

#ifdef RACES
extern "C" {
void* __tsan_get_current_fiber(void);
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#define IF_RACES(statement) statement
#else
#define IF_RACES(statement)
#endif

// ---------------------------------------------------------------- switching between fibers

#ifdef __x86_64__
// Saves what a called function has to keep, changes the stack, and takes up the other's.
extern "C" void switch_stacks(void** save, void* load);
__asm__(
    ".text\n.globl switch_stacks\n.type switch_stacks,@function\n"
    "switch_stacks:\n"
    "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
    "movq %rsp,(%rdi)\nmovq %rsi,%rsp\n"
    "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n"
    ".size switch_stacks,.-switch_stacks\n");

struct Context {
    void* stack_pointer = nullptr;

    void prepare(char* stack, size_t size, void (*entry)()) {
        void** top = (void**)(stack + size - 64);
        *--top = nullptr;  // where entry would return to
        *--top = (void*)entry;
        for (int saved = 0; saved < 6; ++saved) *--top = nullptr;
        stack_pointer = top;
    }
    void switch_to(Context& other) { switch_stacks(&stack_pointer, other.stack_pointer); }
};
#else
#include <ucontext.h>

struct Context {
    ucontext_t context;

    void prepare(char* stack, size_t size, void (*entry)()) {
        getcontext(&context);
        context.uc_stack.ss_sp = stack;
        context.uc_stack.ss_size = size;
        context.uc_link = nullptr;
        makecontext(&context, entry, 0);
    }
    void switch_to(Context& other) { swapcontext(&context, &other.context); }
};
#endif

namespace cuda_on_cpu {
namespace {

const size_t STACK_BYTES = 64 << 10;
const size_t GUARD_BYTES = 256;
const int POISON = 0xff;  // of floats: no number
const int WARP = 32;
const unsigned NEVER = ~0u;

enum State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, ENDED };

struct Barrier {
    int n_waiting = 0;
    unsigned generation = 0;
    char tags[2];  // what orders memory, in turn: late arrivals are of the next generation
};

struct Fiber {
    State state = READY;
    dim3 index;
    int number = 0;
    const char* where = "its start";
    Context context;
    void* tsan = nullptr;
};

// What a block runs in: stacks, shared memory, and what ThreadSanitizer knows its threads by. Where
// races are looked for, each block of a launch has its own, or those of one block would seem to touch
// another's. A later launch may have them again: it is ordered behind this one.
struct Room {
    const int n_threads;
    char* stacks = nullptr;
    std::vector<char> shared;
    std::vector<void*> tsan;

    explicit Room(int n_threads) : n_threads(n_threads) {
        void* found = mmap(nullptr, STACK_BYTES * n_threads, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (found == MAP_FAILED) abort();
        stacks = (char*)found;
        IF_RACES(for (int i = 0; i < n_threads; ++i) tsan.push_back(__tsan_create_fiber(0));)
    }
    ~Room() {
        munmap(stacks, STACK_BYTES * n_threads);
        IF_RACES(for (void* fiber : tsan) __tsan_destroy_fiber(fiber);)
    }
    Room(const Room&) = delete;
};

// What a thread gives to the others of its warp: in turn, so that nobody has to wait until the value
// before has been read; and in which generation of the warp's barrier.
struct Exchange {
    uint64_t value[2];
    unsigned generation[2];
};

struct Block {
    dim3 index;
    std::vector<Fiber> fibers;
    std::vector<Barrier> warp_barriers;
    std::vector<int> n_live_of_warp;
    std::vector<Exchange> exchanged;
    Barrier barrier;
    int n_live = 0;
    int current = 0;
    Context scheduler;
    char* shared = nullptr;
};

struct Launch {
    const Options* options = nullptr;
    void (*run)(const void* kernel) = nullptr;
    const void* kernel = nullptr;
    void* tsan = nullptr;
    char start, end;  // what all fibers acquire, and release
};

Block* block = nullptr;
Launch current_launch;
std::string message;
std::vector<std::unique_ptr<Room>> rooms;

Fiber& self() { return block->fibers[block->current]; }

void to_scheduler() {
    Fiber& fiber = self();
    IF_RACES(__tsan_switch_to_fiber(current_launch.tsan, 1);)
    fiber.context.switch_to(block->scheduler);
}

void resume(int number) {
    block->current = number;
    IF_RACES(__tsan_switch_to_fiber(block->fibers[number].tsan, 1);)
    block->scheduler.switch_to(block->fibers[number].context);
}

void wait(Barrier& barrier, State state, const char* where, bool orders_memory) {
    Fiber& fiber = self();
    fiber.where = where;
    fiber.state = state;
    char* tag = &barrier.tags[barrier.generation % 2];
    (void)tag;
    (void)orders_memory;
    IF_RACES(if (orders_memory) __tsan_release(tag);)
    barrier.n_waiting++;
    to_scheduler();
    IF_RACES(if (orders_memory) __tsan_acquire(tag);)
}

void entry() {
    IF_RACES(__tsan_acquire(&current_launch.start);)
    current_launch.run(current_launch.kernel);
    Fiber& fiber = self();
    fiber.state = ENDED;
    fiber.where = "its end";
    block->n_live--;
    block->n_live_of_warp[fiber.number / WARP]--;
    IF_RACES(__tsan_release(&current_launch.end);)
    to_scheduler();
    abort();
}

// Everybody is there: at the same line? Then let them go.
bool release(Barrier& barrier, State state, int first, int last, const char* what) {
    const char* at = nullptr;
    for (int number = first; number < last; ++number) {
        Fiber& fiber = block->fibers[number];
        if (fiber.state != state) continue;
        if (at && at != fiber.where && strcmp(at, fiber.where)) {
            message = std::string(what) + " reached at different lines: " + at + " and ";
            message += fiber.where;
            return false;
        }
        at = fiber.where;
        fiber.state = READY;
    }
    barrier.n_waiting = 0;
    barrier.generation++;
    return true;
}

// Release what can be; tell whether there was anything, and whether all was well.
bool release_all(bool& released) {
    const int n_threads = (int)block->fibers.size();
    for (size_t warp = 0; warp < block->warp_barriers.size(); ++warp) {
        Barrier& barrier = block->warp_barriers[warp];
        if (!barrier.n_waiting || barrier.n_waiting != block->n_live_of_warp[warp]) continue;
        const int first = (int)warp * WARP, last = min(n_threads, first + WARP);
        if (!release(barrier, AT_WARP_BARRIER, first, last, "an operation of a warp")) return false;
        released = true;
    }
    if (block->barrier.n_waiting && block->barrier.n_waiting == block->n_live) {
        if (!release(block->barrier, AT_BLOCK_BARRIER, 0, n_threads, "__syncthreads")) return false;
        released = true;
    }
    return true;
}

void tell_deadlock() {
    message = "deadlock:";
    const char* last = "";
    for (const Fiber& fiber : block->fibers) {
        if (fiber.state == ENDED || !strcmp(last, fiber.where)) continue;
        message += " thread " + std::to_string(fiber.number) + " waits at " + fiber.where + ",";
        last = fiber.where;
    }
    message.pop_back();
}

std::vector<int> numbers(int count) {
    std::vector<int> found(count);
    for (int i = 0; i < count; ++i) found[i] = i;
    return found;
}

void arrange(std::vector<int>& numbers, unsigned order, std::mt19937& random) {
    if (order == 1) std::sort(numbers.begin(), numbers.end(), std::greater<int>());
    if (order > 1) std::shuffle(numbers.begin(), numbers.end(), random);
}

void start_fibers(const Options& options, Room& room) {
    const int n_threads = options.block.size(), n_warps = (n_threads + WARP - 1) / WARP;
    block->fibers.resize(n_threads);
    block->warp_barriers.resize(n_warps);
    block->n_live_of_warp.assign(n_warps, 0);
    block->exchanged.assign(n_warps * WARP, Exchange{{0, 0}, {NEVER, NEVER}});
    block->n_live = n_threads;
    for (int number = 0; number < n_threads; ++number) {
        Fiber& fiber = block->fibers[number];
        const dim3& size = options.block;
        fiber.number = number;
        fiber.index = dim3(number % size.x, number / size.x % size.y, number / (size.x * size.y));
        block->n_live_of_warp[number / WARP]++;
        fiber.context.prepare(room.stacks + STACK_BYTES * number, STACK_BYTES, entry);
        IF_RACES(fiber.tsan = room.tsan[number];)
    }
}

bool run_block(const Options& options, dim3 index, Room& room, std::mt19937& random) {
    Block running;
    block = &running;
    running.index = index;
    room.shared.assign(options.shared_bytes + GUARD_BYTES, (char)POISON);
    running.shared = room.shared.data();
    start_fibers(options, room);
    IF_RACES(__tsan_release(&current_launch.start);)
    std::vector<int> turn = numbers(options.block.size());
    bool well = true;
    while (well && running.n_live > 0) {
        arrange(turn, options.order, random);
        bool moved = false;
        for (int number : turn) {
            if (running.fibers[number].state != READY) continue;
            moved = true;
            resume(number);
            if (!message.empty()) return false;
        }
        well = release_all(moved);
        if (well && !moved) {
            tell_deadlock();
            well = false;
        }
    }
    for (size_t i = options.shared_bytes; well && i < room.shared.size(); ++i) {
        if (room.shared[i] == (char)POISON) continue;
        message = "a write behind the end of shared memory";
        well = false;
    }
    return well;
}

}  // namespace

dim3 thread_index() { return self().index; }
dim3 block_index() { return block->index; }
dim3 block_size() { return current_launch.options->block; }
dim3 grid_size() { return current_launch.options->grid; }
int thread_number() { return self().number; }
void* shared_memory() { return block->shared; }
const char* error() { return message.c_str(); }

void block_barrier(const char* where) { wait(block->barrier, AT_BLOCK_BARRIER, where, true); }

void warp_barrier(const char* where) {
    wait(block->warp_barriers[self().number / WARP], AT_WARP_BARRIER, where, true);
}

void exchange(void* value, int n_bytes, int source, const char* where) {
    // Not memcpy, which ThreadSanitizer watches wherever it is called.
    auto copy = [n_bytes](volatile char* to, const volatile char* from) {
        for (int i = 0; i < n_bytes; ++i) to[i] = from[i];
    };
    Barrier& barrier = block->warp_barriers[self().number / WARP];
    const unsigned now = barrier.generation, turn = now % 2;
    Exchange& own = block->exchanged[self().number];
    copy((char*)&own.value[turn], (char*)value);
    own.generation[turn] = now;
    wait(barrier, AT_WARP_BARRIER, where, false);  // a shuffle orders no memory
    if (source >= (int)block->fibers.size() || block->exchanged[source].generation[turn] != now) {
        message = std::string("a shuffle from a thread that has ended: ") + where;
        to_scheduler();
    }
    copy((char*)value, (char*)&block->exchanged[source].value[turn]);
}

bool launch_any(const Options& options, void (*run)(const void*), const void* kernel) {
    message.clear();
    current_launch.options = &options;
    current_launch.run = run;
    current_launch.kernel = kernel;
    IF_RACES(current_launch.tsan = __tsan_get_current_fiber();)
#ifdef __SSE__
    const unsigned control = _mm_getcsr();
    if (options.flush) _mm_setcsr(control | 0x8040);
#endif
    std::mt19937 random(options.order);
    std::vector<int> turn = numbers(options.grid.size());
    arrange(turn, options.order, random);
    const int n_threads = options.block.size();
    bool well = true;
    for (size_t i = 0; well && i < turn.size(); ++i) {
        size_t number = 0;
        IF_RACES(number = i;)
        if (number == rooms.size()) rooms.emplace_back();
        if (!rooms[number] || rooms[number]->n_threads < n_threads) {
            rooms[number].reset(new Room(n_threads));
        }
        const dim3& grid = options.grid;
        const dim3 index(turn[i] % grid.x, turn[i] / grid.x % grid.y, turn[i] / (grid.x * grid.y));
        well = run_block(options, index, *rooms[number], random);
    }
    if (!well) rooms.clear();  // its threads are somewhere in the kernel
    // Only now: the fibers of a block must not be ordered behind those of another.
    IF_RACES(__tsan_acquire(&current_launch.end);)
#ifdef __SSE__
    _mm_setcsr(control);
#endif
    return well;
}

}  // namespace cuda_on_cpu
