export const two = 2 as const;
