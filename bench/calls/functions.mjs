// The functions, in JavaScript.

export const similar = (item_id, k) => Array.from({ length: k }, (_, index) => ({ item_id: item_id + index, score: 1 / (1 + index) }));

// A loop, since `map` calls a function for each number: that alone would take longer than the way there and back.
export function scale(numbers) {
  const scaled = numbers.slice();
  for (let index = 0; index < scaled.length; index++) scaled[index] *= 2;
  return scaled;
}

export function* count(n) {
  for (let item_id = 0; item_id < n; item_id++) yield { item_id, score: 0.5 };
}
