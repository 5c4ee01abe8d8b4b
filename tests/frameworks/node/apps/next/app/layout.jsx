export const metadata = { title: { default: 'The shop', template: '%s at the shop' } };

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
