export const name: string = 'the folder';
