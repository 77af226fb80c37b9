print("vswitchd")
