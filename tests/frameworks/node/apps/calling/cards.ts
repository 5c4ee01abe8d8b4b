// Functions that views of Django and Flask await.

import { once } from 'node:events';
import { func, signal } from 'diglot';

export interface Card {
  heading: string;
  total: number;
  due: Date;
}

class NoSuchItem extends Error {
  constructor(readonly data: { nearest: number }) {
    super('there is no such item');
  }
}

export const renderCard = func({ errors: { NoSuchItem: true } }, async (itemId: number, prices: Float64Array, due: Date): Promise<Card> => {
  if (itemId === 0) throw new NoSuchItem({ nearest: 1 });
  return { heading: `item ${itemId}`, total: prices.reduce((sum, price) => sum + price, 0), due };
});

/** Until nobody waits for it. */
export const ponder = func(async (name: string): Promise<void> => {
  const given_up = once(signal(), 'abort');
  console.log(`${name} is pondered`);
  await given_up;
  console.log(`${name} is given up`);
});
