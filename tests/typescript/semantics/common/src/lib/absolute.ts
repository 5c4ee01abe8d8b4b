export const absolute: string = 'by baseUrl';
export default absolute;
