export const named: string = 'mts';
