"""The audit trail: who attested and verified what, with which result, in a file that cannot be changed unnoticed."""
