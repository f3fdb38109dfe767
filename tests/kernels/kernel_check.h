// kernel_check.h: the families of kernels that kernel_check knows: each a check against plain references, and a benchmark.
// May assume: check_start was called. Never part of the library.
#ifndef ONR_TESTS_KERNELS_KERNEL_CHECK_H
#define ONR_TESTS_KERNELS_KERNEL_CHECK_H

/// Every convolution variant, on shapes/hard.txt and shapes/layers.txt.
void check_conv(void);
/// The time of every convolution variant on shapes/layers.txt, in its own block size.
void bench_conv(void);
/// All candidates of the cost model on shapes/layers.txt, with the model's pick, the best, and what the pick costs more.
void bench_conv_algorithms(void);

/// Every variant of the matrix product.
void check_gemm(void);
void bench_gemm(void);

/// The elementwise, reducing, normalizing, pooling and moving families at every CPU level.
void check_vector(void);
void bench_vector(void);

#endif
