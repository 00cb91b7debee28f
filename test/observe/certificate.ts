/** Signed by itself for `localhost`, until 2126; made for these tests with openssl req -x509. */
export const certificate = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7Ht1BMkc9IWsIlaw
nzt0qd929/GOLHhnFrlFfjE1s6ihRANCAARTGz3nl7qiGittBzQe1ewv+7cspIYe
QfRzyT4+vv1hIuhQfoa0q0PBvPVcCxD/1pHUqFh9HbLCw/nj7EdK2aHz
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUAKddBNDdsgYgpbwvrq7P5wCIs5owCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTEzMjI0OVoYDzIxMjYxMDI4
MTMyMjQ5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARTGz3nl7qiGittBzQe1ewv+7cspIYeQfRzyT4+vv1hIuhQfoa0q0PB
vPVcCxD/1pHUqFh9HbLCw/nj7EdK2aHzo2kwZzAdBgNVHQ4EFgQUDIwALHLwTJms
+XkhyRTv2PLpYM4wHwYDVR0jBBgwFoAUDIwALHLwTJms+XkhyRTv2PLpYM4wDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIhANtOZIoEuzPKjEcw3ADinqA6v1qnigxHMBaFI8ryUEhbAiBiXcqktWkN
PFJw5jQPPDO+mqBhTr9cudDB1fbnKAgBbw==
-----END CERTIFICATE-----`,
};
