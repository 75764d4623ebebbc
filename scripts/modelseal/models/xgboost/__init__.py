"""XGBoost models in the formats that are no JSON text: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html."""
