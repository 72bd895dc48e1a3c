export const session = {
  welcome: "Log in", intro: "Answer your visitors.", email: "E-mail", password: "Password", login: "Log in", forgot: "Forgot your password?",
  badLogin: "E-mail or password is wrong.", badTenant: "This address and password are of no account there.", slow: "Too many attempts. Try again in {n} s.", tenantTitle: "Which tenant?", tenantText: "This address has accounts in several tenants. Name the one you want.", tenant: "Tenant",
  codeTitle: "Second factor", codeText: "Enter the six digits of your authenticator app, or a recovery code.", code: "Code", badCode: "This code is not right.", expired: "That took too long. Please log in again.", confirm: "Continue", restart: "Start again",
};
