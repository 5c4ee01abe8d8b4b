// The functions, in JavaScript.

export const similar = (item_id, k) => Array.from({ length: k }, (_, index) => ({ item_id: item_id + index, score: 1 / (1 + index) }));

export const scale = (numbers) => numbers.map((number) => number * 2);

export function* count(n) {
  for (let item_id = 0; item_id < n; item_id++) yield { item_id, score: 0.5 };
}
