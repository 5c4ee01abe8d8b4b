export const jsx = (type: string, props: object): string => `${type} ${JSON.stringify(props)}`;
