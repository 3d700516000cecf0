"""Runs the kernels of the GPU engine on a CPU: no GPU, no CuPy, no CUDA compiler needed.

``stand_in.StandIn`` takes CuPy's place; ``races.find`` looks for races; ``cubins`` compiles for
real devices where a compiler is found. What is emulated, and what not, says cuda_on_cpu.h.
"""
