"""`tap-stripe connect` and `disconnect`: accounts by Stripe's OAuth, in two forms.

A platform connects accounts by Connect OAuth, and reads each with its own key and the
account's id: https://docs.stripe.com/connect/oauth-standard-accounts

A Stripe App is installed by an account, and reads it with tokens that last an hour:
https://docs.stripe.com/stripe-apps/api-authentication/oauth
"""
