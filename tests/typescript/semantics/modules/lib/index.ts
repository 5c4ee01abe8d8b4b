export default 3 satisfies number;
