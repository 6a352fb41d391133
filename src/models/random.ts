/**
 * A seeded generator of random numbers, one independent stream for each triple of keys: the same on every machine.
 *
 * sfc32 of PractRand by Chris Doty-Humphrey (sfc.cpp, `sfc32::raw32` and `seed(s1, s2, s3)`), public domain: 128 bits of
 * state, three of its words the keys, the counter from 1, and 15 rounds before the first output.
 */
export interface Random {
  /** Begins the stream of these keys; each is taken modulo 2^32. */
  seed(a: number, b: number, c: number): void;
  /** An integer in [0, 2^32). */
  uint32(): number;
  /** Uniform in [0, 1), with 32 random bits. */
  uniform(): number;
  /** A uniform integer in [0, bound), for a bound up to 2^32. */
  below(bound: number): number;
  /** Draws from Poisson(λ), given e^−λ; meant for a small λ. */
  poisson(expMinusLambda: number): number;
  /** Draws from the standard normal distribution. */
  normal(): number;
}

const SEEDING_ROUNDS = 15;
const TWO_TO_MINUS_32 = 2 ** -32;

export function createRandom(): Random {
  let a = 0;
  let b = 0;
  let c = 0;
  let counter = 0;
  let spareNormal = 0;
  let hasSpare = false;

  function next(): number {
    const out = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + out) | 0;
    return out;
  }
  const uniform = (): number => (next() >>> 0) * TWO_TO_MINUS_32;

  return {
    seed(first, second, third) {
      a = first | 0;
      b = second | 0;
      c = third | 0;
      counter = 1;
      hasSpare = false;
      for (let round = 0; round < SEEDING_ROUNDS; round++) next();
    },
    uint32: () => next() >>> 0,
    uniform,
    below: (bound) => Math.floor(uniform() * bound),
    // Knuth, The Art of Computer Programming, volume 2, 3.4.1: multiplies uniforms until they fall below e^−λ.
    poisson(expMinusLambda) {
      let count = 0;
      for (let product = uniform(); product > expMinusLambda; product *= uniform()) count++;
      return count;
    },
    // Box and Muller, 1958: two uniforms give two normals.
    normal() {
      if (hasSpare) {
        hasSpare = false;
        return spareNormal;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spareNormal = radius * Math.sin(angle);
      hasSpare = true;
      return radius * Math.cos(angle);
    },
  };
}
